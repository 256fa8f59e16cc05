import { status } from "@grpc/grpc-js";
import { type PresenceServiceClient, Status, type WatchPartyResponse, type WatchPresenceResponse } from "@presence/proto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { deployments, type RunningDeployment } from "./deployments.fixture.ts";
import { connectTo, Recorded } from "./stream-client.fixture.ts";

let redis: RunningDeployment;
let servers: RunningServer[] = [];
let clients: PresenceServiceClient[] = [];

/** A server on the Redis, with a short lease, that answers. */
async function start(environment: Record<string, string> = {}): Promise<RunningServer> {
  const server = await startServer({
    ...redis.environment,
    PRESENCE_LEASE_TTL: "3s",
    PRESENCE_HEARTBEAT: "1s",
    PRESENCE_GRACE: "1s",
    ...environment,
  });
  servers.push(server);
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; ) {
    const up = await server.client.call("GetPresence", { user_id: "nobody" }).then(
      () => true,
      () => false,
    );
    if (up) break;
  }
  return server;
}

function client(server: RunningServer): PresenceServiceClient {
  const made = connectTo(server.address);
  clients.push(made);
  return made;
}

function told({ event }: WatchPresenceResponse | WatchPartyResponse): string {
  switch (event?.$case) {
    case "snapshot": {
      const presences = "party" in event.value ? (event.value.party?.members ?? []) : event.value.presences;
      return `[${presences.map(({ userId, status: shown }) => `${userId} ${name(shown)}`).join(", ")}]`;
    }
    case "change":
      return `${event.value.presence?.userId} ${name(event.value.presence?.status)}`;
    case "joined":
      return `+${event.value.presence?.userId} ${name(event.value.presence?.status)}`;
    case "left":
      return `-${event.value.userId}`;
    case "feed":
      return event.value.state === 2 ? "STALE" : "LIVE";
    default:
      return "nothing";
  }
}

function name(number: Status | undefined): string {
  return Object.entries(Status).find(([, value]) => value === number)?.[0] ?? "?";
}

function watchUsers(server: RunningServer, ...userIds: string[]): Recorded<WatchPresenceResponse> {
  return new Recorded(client(server).watchPresence({ userIds }));
}

describe.each(deployments)("on $name", ({ start: startDeployment }) => {
  beforeAll(async () => {
    redis = await startDeployment();
  }, 60_000);
  afterAll(() => redis.stop());
  beforeEach(() => redis.flush());
  afterEach(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.close()));
    [servers, clients] = [[], []];
  });

  describe("WatchPresence", () => {
    test("a snapshot first, then changes made through any server, each once", async () => {
      const [a, b] = [await start(), await start()];
      const watcher = watchUsers(a, "alice", "bob");
      await watcher.until("a snapshot", (all) => all.length === 1);
      await b.client.call("Connect", { user_id: "alice", device_id: "phone" });
      await a.client.call("SetStatus", { user_id: "alice", status: "STATUS_DND", device_id: "phone" });
      await b.client.call("Disconnect", { user_id: "alice", device_id: "phone" });
      await watcher.until("OFFLINE", (all) => all.length === 4);
      expect(watcher.messages.map(told)).toEqual(["[alice OFFLINE, bob OFFLINE]", "alice ONLINE", "alice DND", "alice OFFLINE"]);
    });

    test("time alone is told too: a silent user goes OFFLINE", async () => {
      const server = await start();
      await server.client.call("Connect", { user_id: "alice", device_id: "phone" });
      const watcher = watchUsers(server, "alice");
      await watcher.until("OFFLINE", (all) => all.map(told).at(-1) === "alice OFFLINE", 8_000);
      expect(watcher.messages.map(told)).toEqual(["[alice ONLINE]", "alice OFFLINE"]);
    });

    test("a broken subscription is told, healed, and nothing is missed", async () => {
      const [a, b] = [await start(), await start()];
      const watcher = watchUsers(a, "alice");
      await watcher.until("a snapshot", (all) => all.length === 1);
      await redis.cutSubscribers();
      await b.client.call("Connect", { user_id: "alice", device_id: "phone" });
      await watcher.until("LIVE again", (all) => all.map(told).at(-1) === "LIVE");
      expect(watcher.messages.map(told)).toEqual(["[alice OFFLINE]", "STALE", "[alice ONLINE]", "LIVE"]);
    });

    test("Redis away is STALE, not OFFLINE", async () => {
      const server = await start({ PRESENCE_LEASE_TTL: "120s", PRESENCE_HEARTBEAT: "30s" });
      await server.client.call("Connect", { user_id: "alice", device_id: "phone" });
      const watcher = watchUsers(server, "alice");
      await watcher.until("a snapshot", (all) => all.length === 1);
      redis.pause();
      try {
        await watcher.until("STALE", (all) => all.map(told).at(-1) === "STALE", 8_000);
      } finally {
        redis.resume();
      }
      await watcher.until("LIVE again", (all) => all.map(told).at(-1) === "LIVE", 8_000);
      expect(watcher.messages.map(told)).toEqual(["[alice ONLINE]", "STALE", "[alice ONLINE]", "LIVE"]);
    });

    test.each([
      [[], "user_ids"],
      [["alice", ""], "user_ids[1]"],
      [["a b"], "user_ids[0]"],
    ])("%j is refused, naming %s", async (userIds, field) => {
      const watcher = watchUsers(await start(), ...userIds);
      await watcher.until("an error", () => watcher.error !== undefined);
      expect(watcher.error?.code).toBe(status.INVALID_ARGUMENT);
      expect(watcher.error?.details).toContain(field);
    });

    test("5,000 users are one stream's most", async () => {
      const server = await start();
      const many = Array.from({ length: 5_001 }, (_, index) => `user-${index}`);
      const refused = watchUsers(server, ...many);
      await refused.until("an error", () => refused.error !== undefined);
      expect(refused.error?.code).toBe(status.RESOURCE_EXHAUSTED);
      const watcher = watchUsers(server, ...many.slice(1));
      await watcher.until("a snapshot", (all) => all.length === 1, 10_000);
      expect(watcher.messages[0]?.event).toMatchObject({ $case: "snapshot" });
    });

    test("a server that ends sends its watchers elsewhere", async () => {
      const server = await start();
      const watcher = watchUsers(server, "alice");
      await watcher.until("a snapshot", (all) => all.length === 1);
      const started = Date.now();
      await server.stop();
      await watcher.until("an error", () => watcher.error !== undefined);
      expect(watcher.error?.code).toBe(status.UNAVAILABLE);
      expect(Date.now() - started).toBeLessThan(10_000);
    });

    test("the server counts its streams, and forgets them", async () => {
      const server = await start();
      const stream = client(server).watchPresence({ userIds: ["alice"] });
      const watcher = new Recorded<WatchPresenceResponse>(stream);
      await watcher.until("a snapshot", (all) => all.length === 1);
      expect((await server.client.call("GetStats")).watch_streams).toBe(1);
      stream.cancel();
      await watcher.until("the end", () => watcher.error !== undefined);
      expect((await server.client.call("GetStats")).watch_streams).toBe(0);
    });
  });

  describe("WatchParty", () => {
    test("members come, change and go", async () => {
      const server = await start();
      await redis.others.sadd("party:lobby:members", "alice", "bob");
      await server.client.call("Connect", { user_id: "alice", device_id: "phone" });
      const watcher = new Recorded<WatchPartyResponse>(client(server).watchParty({ partyId: "lobby" }));
      await watcher.until("a snapshot", (all) => all.length === 1);
      const joined = Date.now();
      await redis.others.sadd("party:lobby:members", "carol");
      await watcher.until("carol", (all) => all.length === 2, 1_000);
      expect(Date.now() - joined).toBeLessThan(1_000);
      await redis.others.srem("party:lobby:members", "bob");
      await watcher.until("bob left", (all) => all.length === 3, 1_000);
      await server.client.call("SetStatus", { user_id: "alice", status: "STATUS_DND", device_id: "phone" });
      await watcher.until("DND", (all) => all.length === 4);
      expect(watcher.messages.map(told)).toEqual(["[alice ONLINE, bob OFFLINE]", "+carol OFFLINE", "-bob", "alice DND"]);
      expect(watcher.messages[0]?.event).toMatchObject({
        value: { party: { partyId: "lobby", counts: expect.arrayContaining([{ status: Status.ONLINE, count: 1 }]) } },
      });
    });

    test("an unknown party is empty, one that is too large is refused", async () => {
      const server = await start();
      const empty = new Recorded<WatchPartyResponse>(client(server).watchParty({ partyId: "nobody" }));
      await empty.until("a snapshot", (all) => all.length === 1);
      expect(empty.messages.map(told)).toEqual(["[]"]);
      await redis.others.sadd("party:huge:members", ...Array.from({ length: 5_001 }, (_, index) => `user-${index}`));
      const huge = new Recorded<WatchPartyResponse>(client(server).watchParty({ partyId: "huge" }));
      await huge.until("an error", () => huge.error !== undefined);
      expect(huge.error?.code).toBe(status.RESOURCE_EXHAUSTED);
    });
  });
});
