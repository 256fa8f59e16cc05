import { startRedis } from "@presence/redis-fixture";
import { afterEach, describe, expect, test } from "vitest";
import { eventually, refusalOf } from "../generic-client.fixture.ts";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { connectTo, Recorded } from "../streams/stream-client.fixture.ts";
import { metricsUrl, type Scrape, scrape } from "./scrape.fixture.ts";

let server: RunningServer;
afterEach(() => server.close());

const phone = { user_id: "alice", device_id: "phone" };
const look = () => scrape(server.log());

/** Scrapes until what `expectations` say is so. */
function soon(expectations: (found: Scrape) => void, withinMs?: number): Promise<void> {
  return eventually(async () => expectations(await look()), withinMs);
}

describe("metrics of calls", () => {
  test("unary calls are counted and timed by method and code", async () => {
    server = await startServer();
    for (let call = 0; call < 3; call++) await server.client.call("GetPresence", { user_id: "alice" });
    await refusalOf(server.client.call("GetPresence", { user_id: "" }));
    await refusalOf(server.client.send("GetPresence", Buffer.from([255])));
    const found = await look();
    const count = (code: string) => found.value("presence_rpc_duration_seconds_count", { method: "GetPresence", code });
    expect(count("OK")).toBe(3);
    expect(count("INVALID_ARGUMENT")).toBe(2);
    expect(found.value("presence_rpc_duration_seconds_bucket", { method: "GetPresence", code: "OK", le: "+Inf" })).toBe(3);
    expect(found.value("presence_store_request_duration_seconds_count", { operation: "load", outcome: "ok" })).toBe(3);
    expect(found.value("presence_store_requests_in_flight")).toBe(0);
  });

  test("streams are counted while they are open and when they end, with the devices and users on them", async () => {
    server = await startServer();
    const client = connectTo(server.address);
    const attach = client.attach();
    const attached = new Recorded(attach);
    for (const userId of ["alice", "bob"])
      attach.write({ requestId: 1n, request: { $case: "connect", value: { userId, deviceId: "phone", idleFor: undefined } } });
    const watch = client.watchPresence({ userIds: ["alice", "bob", "carol"] });
    const watched = new Recorded(watch);
    await attached.until("two answers", (messages) => messages.length >= 2);
    await watched.until("a snapshot", (messages) => messages.length >= 1);
    attach.write({ requestId: 2n, request: { $case: "disconnect", value: { userId: "", deviceId: "phone" } } });
    await attached.until("a refusal", (messages) => messages.length >= 3);
    await soon((found) => {
      expect(found.value("presence_open_streams", { method: "Attach" })).toBe(1);
      expect(found.value("presence_open_streams", { method: "WatchPresence" })).toBe(1);
      expect(found.value("presence_open_streams", { method: "WatchParty" })).toBe(0);
      expect(found.value("presence_attached_devices")).toBe(2);
      expect(found.value("presence_attach_request_duration_seconds_count", { request: "connect", code: "OK" })).toBe(2);
      expect(found.value("presence_attach_request_duration_seconds_count", { request: "disconnect", code: "INVALID_ARGUMENT" })).toBe(1);
      expect(found.value("presence_watched_users")).toBe(3);
      expect(found.value("presence_feed_live")).toBe(1);
    });
    watch.cancel();
    attach.end();
    const refused = new Recorded(client.watchPresence({ userIds: [] }));
    await soon((found) => {
      expect(found.value("presence_open_streams")).toBe(0);
      expect(found.value("presence_attached_devices")).toBe(0);
      expect(found.value("presence_streams_ended_total", { method: "WatchPresence", code: "CANCELLED" })).toBe(1);
      expect(found.value("presence_streams_ended_total", { method: "WatchPresence", code: "INVALID_ARGUMENT" })).toBe(1);
      expect(found.value("presence_streams_ended_total", { method: "Attach", code: "OK" })).toBe(1);
    });
    await eventually(() => expect(refused.error?.code).toBe(3));
    client.close();
  });
});

describe("metrics of presence", () => {
  test("each visible move is counted once, by where from, where to, and why", async () => {
    server = await startServer();
    await server.client.call("Connect", phone);
    await server.client.call("SetStatus", { user_id: "alice", status: "STATUS_DND" });
    await server.client.call("SetStatus", { user_id: "alice", status: "STATUS_DND" });
    await server.client.call("BatchHeartbeat", { heartbeats: [phone, { user_id: "bob", device_id: "phone" }] });
    await server.client.call("Disconnect", phone);
    const found = await look();
    const moves = found.samples
      .filter(({ name }) => name === "presence_transitions_total")
      .map(({ labels: { from, to, cause }, value }) => `${from} ${to} ${cause} ${value}`);
    expect(moves.sort()).toEqual([
      "DND OFFLINE disconnect 1",
      "OFFLINE ONLINE connect 1",
      "OFFLINE ONLINE heartbeat 1",
      "ONLINE DND set-dnd 1",
    ]);
  });

  test("a lapsed lease is counted, with how long after its end the sweep came", async () => {
    server = await startServer({ PRESENCE_LEASE_TTL: "2s", PRESENCE_HEARTBEAT: "500ms", PRESENCE_GRACE: "1s" });
    await server.client.call("Connect", phone);
    await soon((found) => {
      expect(found.value("presence_transitions_total", { from: "ONLINE", to: "OFFLINE", cause: "lease-lapsed" })).toBe(1);
      expect(found.value("presence_swept_users_total")).toBeGreaterThanOrEqual(1);
    }, 8_000);
    const found = await look();
    expect(found.value("presence_offline_delay_seconds_count")).toBe(1);
    expect(found.value("presence_offline_delay_seconds_sum")).toBeLessThan(2.5);
    expect(found.value("presence_sweeps_total", { outcome: "ok" })).toBeGreaterThan(4);
    expect(found.value("presence_sweep_failures_total")).toBe(0);
  });

  test("no label tells a user, a device or a party", async () => {
    server = await startServer();
    const secret = { user_id: "u-secret", device_id: "d-secret" };
    await server.client.call("Connect", secret);
    await server.client.call("SetStatus", { ...secret, status: "STATUS_AWAY", message: "m-secret" });
    await server.client.call("GetPartyPresence", { party_id: "p-secret" });
    await refusalOf(server.client.call("GetPresence", { user_id: "no secret" }));
    const text = await (await fetch(`${metricsUrl(server.log())}/metrics`)).text();
    expect(text).not.toContain("secret");
    expect(text.length).toBeGreaterThan(1_000);
  });
});

describe("metrics of the store", () => {
  test("a Redis that stands still shows in flight, as unavailable, as not ready, and as an outage with its recovery", async () => {
    const redis = await startRedis();
    server = await startServer({ REDIS_URL: redis.url });
    await soon((found) => expect(found.value("presence_ready")).toBe(1));
    expect((await look()).value("presence_build_info", { store: "redis" })).toBe(1);
    redis.pause();
    await soon((found) => expect(found.value("presence_store_requests_in_flight")).toBeGreaterThan(0));
    await soon((found) => {
      expect(found.value("presence_ready")).toBe(0);
      expect(
        found.value("presence_store_request_duration_seconds_count", { operation: "claim_due", outcome: "unavailable" }),
      ).toBeGreaterThan(0);
      expect(found.value("presence_sweeps_total", { outcome: "failed" })).toBeGreaterThan(1);
      expect(found.value("presence_store_outages_total")).toBe(1);
      expect(found.value("presence_store_recoveries_total")).toBe(0);
    });
    redis.resume();
    await soon((found) => {
      expect(found.value("presence_ready")).toBe(1);
      expect(found.value("presence_store_recoveries_total")).toBe(1);
    }, 10_000);
    await server.stop();
    await redis.stop();
  });
});
