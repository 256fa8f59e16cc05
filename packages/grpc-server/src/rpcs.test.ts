import { status } from "@grpc/grpc-js";
import { parsePartyId, presencePolicy } from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, refusalOf } from "./generic-client.fixture.ts";
import { type RunningServer, startServer } from "./running-server.fixture.ts";

let server: RunningServer;
let count = 0;
const fresh = () => `user-${++count}`;
const call = (rpc: string, request?: object): Promise<Answer> => server.client.call(rpc, request);

beforeAll(async () => {
  const memory = memoryAdapter({ policy: presencePolicy() });
  memory.parties.add(parsePartyId("lobby"), "ann", "bob", "no id!");
  server = await startServer({}, { backend: { ...memory, close: () => {} } });
});
afterAll(() => server.close());

const seconds = (timestamp: Answer) => timestamp.seconds + timestamp.nanos / 1e9;

describe("every unary rpc, through a client that has only the .proto", () => {
  test("Connect opens a lease and says how to keep it", async () => {
    const user_id = fresh();
    const { presence, claim, lease_ttl, heartbeat_interval } = await call("Connect", { user_id, device_id: "phone" });
    expect(presence).toMatchObject({ user_id, status: "STATUS_ONLINE", message: "", last_seen: null });
    expect(presence.version).toBeGreaterThan(1e15);
    expect(Math.abs(seconds(presence.since) * 1_000 - Date.now())).toBeLessThan(5_000);
    expect(claim).toBeNull();
    expect(lease_ttl).toEqual({ seconds: 120, nanos: 0 });
    expect(heartbeat_interval).toEqual({ seconds: 30, nanos: 0 });
    const got = (await call("GetPresence", { user_id })).presence;
    expect(seconds(got.valid_until) - seconds(got.since)).toBeCloseTo(120, 0);
    expect({ ...got, valid_until: null }).toEqual({ ...presence, valid_until: null });
  });

  test("an idle device is AWAY, and an active heartbeat makes it ONLINE", async () => {
    const device = { user_id: fresh(), device_id: "phone" };
    expect((await call("Connect", { ...device, idle_for: { seconds: 3_600 } })).presence.status).toBe("STATUS_AWAY");
    const { presence, lease_ttl } = await call("Heartbeat", { ...device, idle_for: { seconds: 0 } });
    expect(presence.status).toBe("STATUS_ONLINE");
    expect(lease_ttl.seconds).toBe(120);
  });

  test("BatchHeartbeat answers in request order, and a refused one does not fail the others", async () => {
    const [one, two] = [fresh(), fresh()];
    await call("Connect", { user_id: one, device_id: "phone" });
    await call("Connect", { user_id: two, device_id: "phone" });
    await call("Disconnect", { user_id: two, device_id: "phone" });
    const heartbeats = [two, one, fresh()].map((user_id) => ({ user_id, device_id: "phone" }));
    const { results } = await call("BatchHeartbeat", { heartbeats });
    expect(results.map(({ user_id, status: shown }: Answer) => [user_id, shown])).toEqual([
      [two, "STATUS_UNSPECIFIED"],
      [one, "STATUS_ONLINE"],
      [heartbeats[2]?.user_id, "STATUS_ONLINE"],
    ]);
    expect(results.map(({ error }: Answer) => error?.code)).toEqual([status.FAILED_PRECONDITION, undefined, undefined]);
    expect(results[0].error.details[0].type_url).toBe("type.googleapis.com/google.rpc.ErrorInfo");
  });

  test("a heartbeat after Disconnect is refused with the reason", async () => {
    const device = { user_id: fresh(), device_id: "phone" };
    await call("Connect", device);
    const { presence } = await call("Disconnect", device);
    expect(presence.status).toBe("STATUS_OFFLINE");
    expect(seconds(presence.last_seen)).toBeGreaterThan(0);
    expect(await refusalOf(call("Heartbeat", device))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: "DEVICE_DISCONNECTED",
      domain: "presence",
    });
  });

  test("SetStatus without a device opens one; the answer has the claim", async () => {
    const user_id = fresh();
    const { presence, claim } = await call("SetStatus", {
      user_id,
      status: "STATUS_DND",
      message: "on call ☎",
      expires_in: { seconds: 3_600 },
    });
    expect(presence).toMatchObject({ status: "STATUS_DND", message: "on call ☎" });
    expect(claim).toMatchObject({ status: "STATUS_DND", message: "on call ☎" });
    expect(seconds(claim.until) - seconds(presence.since)).toBeCloseTo(3_600, 0);
    const cleared = await call("SetStatus", { user_id, status: "STATUS_ONLINE" });
    expect(cleared).toMatchObject({ presence: { status: "STATUS_ONLINE", message: "" }, claim: null });
  });

  test("inactivity makes AWAY and leaves DND alone", async () => {
    const device = { user_id: fresh(), device_id: "phone" };
    await call("Connect", device);
    const idle = { ...device, status: "STATUS_AWAY", reason: "STATUS_REASON_INACTIVITY" };
    expect((await call("SetStatus", idle)).presence.status).toBe("STATUS_AWAY");
    await call("SetStatus", { ...device, status: "STATUS_DND" });
    expect((await call("SetStatus", idle)).presence.status).toBe("STATUS_DND");
  });

  test("the invisible sees his claim, others see OFFLINE without an end", async () => {
    const user_id = fresh();
    await call("Connect", { user_id, device_id: "phone" });
    const own = await call("SetStatus", { user_id, status: "STATUS_OFFLINE", expires_in: { seconds: 60 } });
    expect(own).toMatchObject({ presence: { status: "STATUS_OFFLINE", valid_until: null }, claim: { status: "STATUS_OFFLINE" } });
    expect((await call("GetPresence", { user_id })).presence).toEqual(own.presence);
  });

  test("BatchGetPresence keeps the order and knows strangers as OFFLINE", async () => {
    const known = fresh();
    await call("Connect", { user_id: known, device_id: "phone" });
    const { presences } = await call("BatchGetPresence", { user_ids: ["stranger", known, "stranger"] });
    expect(presences.map(({ user_id, status: shown }: Answer) => [user_id, shown])).toEqual([
      ["stranger", "STATUS_OFFLINE"],
      [known, "STATUS_ONLINE"],
      ["stranger", "STATUS_OFFLINE"],
    ]);
    expect(presences[0]).toMatchObject({ last_seen: null, since: null, version: 0 });
    expect(await call("BatchGetPresence")).toEqual({ presences: [] });
  });

  test("1,000 ids of 128 characters fit", async () => {
    const user_ids = Array.from({ length: 1_000 }, (_, index) => String(index).padStart(128, "x"));
    expect((await call("BatchGetPresence", { user_ids })).presences).toHaveLength(1_000);
    const heartbeats = user_ids.map((user_id) => ({ user_id, device_id: user_id, idle_for: { seconds: 1, nanos: 999_999_999 } }));
    expect((await call("BatchHeartbeat", { heartbeats })).results).toHaveLength(1_000);
    await Promise.all(user_ids.map((user_id) => call("Disconnect", { user_id, device_id: user_id })));
  });

  test("GetPartyPresence counts each status and leaves out what is no id", async () => {
    await call("Connect", { user_id: "ann", device_id: "phone" });
    const { party } = await call("GetPartyPresence", { party_id: "lobby" });
    expect(party.party_id).toBe("lobby");
    expect(party.members.map(({ user_id, status: shown }: Answer) => [user_id, shown])).toEqual([
      ["ann", "STATUS_ONLINE"],
      ["bob", "STATUS_OFFLINE"],
    ]);
    expect(party.counts.map(({ status: shown, count: number }: Answer) => [shown, number])).toEqual([
      ["STATUS_ONLINE", 1],
      ["STATUS_AWAY", 0],
      ["STATUS_DND", 0],
      ["STATUS_OFFLINE", 1],
    ]);
    expect((await call("GetPartyPresence", { party_id: "nobody" })).party.members).toEqual([]);
  });

  test("ExplainPresence names devices, those that left, the rule and what comes next", async () => {
    const user_id = fresh();
    await call("Connect", { user_id, device_id: "phone", idle_for: { seconds: 1 } });
    await call("Connect", { user_id, device_id: "desktop" });
    await call("Disconnect", { user_id, device_id: "desktop" });
    const told = await call("ExplainPresence", { user_id });
    expect(told.presence.status).toBe("STATUS_ONLINE");
    expect(told.because).toContain("phone");
    expect(told.devices).toMatchObject([
      { device_id: "phone", attached: false, left: false },
      { device_id: "desktop", left: true, lease_until: null },
    ]);
    expect(seconds(told.devices[0].active_until) - seconds(told.devices[0].lease_until)).toBeCloseTo(299 - 120, 0);
    expect(told.session).toEqual({ exists: false, bound: false, ttl: null });
    expect(told.next).toMatchObject({ status: "STATUS_OFFLINE", because: "the last lease ends" });
  });

  test("OverrideStatus opens a lease only where it is asked to", async () => {
    const user_id = fresh();
    const stored = await call("OverrideStatus", { user_id, status: "STATUS_DND" });
    expect(stored).toMatchObject({ presence: { status: "STATUS_OFFLINE" }, claim: { status: "STATUS_DND" } });
    const shown = await call("OverrideStatus", { user_id, status: "STATUS_DND", ensure_online: true });
    expect(shown.presence.status).toBe("STATUS_DND");
    expect((await call("ExplainPresence", { user_id })).devices).toMatchObject([{ device_id: "operator" }]);
  });

  test("DisconnectUser ends all devices", async () => {
    const user_id = fresh();
    for (const device_id of ["phone", "desktop"]) await call("Connect", { user_id, device_id });
    expect((await call("DisconnectUser", { user_id })).presence.status).toBe("STATUS_OFFLINE");
    expect((await refusalOf(call("Heartbeat", { user_id, device_id: "desktop" }))).reason).toBe("DEVICE_DISCONNECTED");
  });

  test("ListUsers gives everyone once, page by page, and filters", async () => {
    const dnd = fresh();
    await call("SetStatus", { user_id: dnd, status: "STATUS_DND" });
    const seen: string[] = [];
    const found: string[] = [];
    let page_token = "";
    do {
      const page = await call("ListUsers", { page_size: 7, page_token });
      seen.push(...page.presences.map(({ user_id }: Answer) => user_id));
      page_token = page.next_page_token;
    } while (page_token !== "");
    do {
      const page = await call("ListUsers", { page_size: 1_000, page_token, statuses: ["STATUS_DND"] });
      found.push(...page.presences.map(({ status: shown }: Answer) => shown));
      page_token = page.next_page_token;
    } while (page_token !== "");
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain(dnd);
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found)).toEqual(new Set(["STATUS_DND"]));
    expect((await call("ListUsers")).presences.length).toBe(Math.min(100, seen.length));
  });

  test("GetStats counts users and devices, and knows its store", async () => {
    const stats = await call("GetStats");
    expect(stats).toMatchObject({ store: "memory", feed: "FEED_STATE_LIVE", watch_streams: 0 });
    expect(stats.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(stats.devices).toBeGreaterThan(0);
    expect(stats.counts).toHaveLength(4);
    expect(seconds(stats.uptime)).toBeGreaterThan(0);
  });

  test("nothing above debug was logged about anybody", () => {
    expect(server.log()).toContain("presence listens on");
    expect(server.log()).not.toMatch(/user-\d|ann|on call/);
  });
});
