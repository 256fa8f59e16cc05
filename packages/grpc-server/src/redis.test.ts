import { status } from "@grpc/grpc-js";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BuiltServer, buildServer, type ServerProcess } from "./built-server.fixture.ts";
import { type Answer, eventually, type GenericClient, genericClient, refusalOf } from "./generic-client.fixture.ts";

// The server as a process of its own, a real Redis, and a client that has only the .proto. The auth and the party service are this test.

const short = { PRESENCE_LEASE_TTL: "3s", PRESENCE_HEARTBEAT: "1s", PRESENCE_GRACE: "1s" };
let built: BuiltServer;
let redis: RunningRedis;
let auth: Redis;
let server: ServerProcess;
let client: GenericClient;

beforeAll(async () => {
  built = buildServer();
  redis = await startRedis();
  auth = new Redis(redis.url, { maxRetriesPerRequest: null });
  auth.on("error", () => {});
}, 120_000);
afterAll(async () => {
  auth.disconnect();
  await built.remove();
  await redis.stop();
});

async function start(environment: Record<string, string> = {}): Promise<void> {
  await auth.flushall();
  server = await built.start({ REDIS_URL: redis.url, ...environment });
  client = genericClient(server.address);
  await eventually(() => client.call("GetPresence", { user_id: "nobody" }));
}
afterEach(async () => {
  client.close();
  server.kill("SIGTERM");
  expect(await server.exited).toBe(0);
});

const login = () => auth.hset("session:alice", { sessionId: "s1", name: "Alice", roles: "user" });
const phone = { user_id: "alice", device_id: "phone" };
const shown = async (user_id = "alice") => (await client.call("GetPresence", { user_id })).presence.status;
const set = async (wanted: string, more: object = {}) =>
  (await client.call("SetStatus", { user_id: "alice", status: wanted, ...more })).presence.status;

async function lobby(): Promise<Record<string, unknown>> {
  const { party } = await client.call("GetPartyPresence", { party_id: "lobby" });
  const members = party.members.map(({ user_id, status: now }: Answer) => [user_id, now]);
  const counts = party.counts.filter(({ count }: Answer) => count > 0).map(({ status: now, count }: Answer) => [now, count]);
  return { ...Object.fromEntries(members), counts: Object.fromEntries(counts) };
}

describe("with the default lease of 120 s", () => {
  beforeEach(() => start());

  test("a login, each status, and a logout, as other services see them", async () => {
    await login();
    await auth.sadd("party:lobby:members", "alice", "bob");

    expect((await client.call("Connect", phone)).presence.status).toBe("STATUS_ONLINE");
    expect(await auth.hget("session:alice", "status")).toBe("ONLINE");
    expect(await auth.hgetall("session:alice")).toEqual({ sessionId: "s1", name: "Alice", roles: "user", status: "ONLINE" });
    expect(await auth.ttl("session:alice")).toBeGreaterThanOrEqual(119);
    expect(await auth.ttl("session:alice")).toBeLessThanOrEqual(120);
    expect(await lobby()).toEqual({ alice: "STATUS_ONLINE", bob: "STATUS_OFFLINE", counts: { STATUS_ONLINE: 1, STATUS_OFFLINE: 1 } });

    for (const word of ["AWAY", "DND", "OFFLINE", "ONLINE"]) {
      expect(await set(`STATUS_${word}`)).toBe(`STATUS_${word}`);
      expect(await auth.hget("session:alice", "status")).toBe(word);
      const counts = word === "OFFLINE" ? { STATUS_OFFLINE: 2 } : { [`STATUS_${word}`]: 1, STATUS_OFFLINE: 1 };
      expect(await lobby()).toEqual({ alice: `STATUS_${word}`, bob: "STATUS_OFFLINE", counts });
    }
    expect(await auth.hgetall("session:alice")).toEqual({ sessionId: "s1", name: "Alice", roles: "user", status: "ONLINE" });

    await auth.del("session:alice");
    await eventually(async () => expect(await shown()).toBe("STATUS_OFFLINE"));
    expect(await refusalOf(client.call("Heartbeat", phone))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: "DEVICE_DISCONNECTED",
    });
    expect(await shown()).toBe("STATUS_OFFLINE");
    expect(await auth.exists("session:alice", "session:bob")).toBe(0);
  });

  test("an idle heartbeat makes AWAY, the next active one ONLINE, and an app's own word AWAY", async () => {
    await client.call("Connect", phone);
    const beat = async (seconds: number) => (await client.call("Heartbeat", { ...phone, idle_for: { seconds } })).presence.status;
    expect(await beat(600)).toBe("STATUS_AWAY");
    expect(await beat(0)).toBe("STATUS_ONLINE");
    expect(await set("STATUS_AWAY", { reason: "STATUS_REASON_INACTIVITY", device_id: "phone" })).toBe("STATUS_AWAY");
    expect(await beat(1)).toBe("STATUS_ONLINE");
  });

  test("a second device keeps the user ONLINE", async () => {
    await login();
    await client.call("Connect", phone);
    await client.call("Connect", { ...phone, device_id: "desktop" });
    expect((await client.call("Disconnect", phone)).presence.status).toBe("STATUS_ONLINE");
    expect(await auth.hget("session:alice", "status")).toBe("ONLINE");
    expect((await client.call("Disconnect", { ...phone, device_id: "desktop" })).presence.status).toBe("STATUS_OFFLINE");
    expect(await auth.hget("session:alice", "status")).toBe("OFFLINE");
  });

  test("a DND for 2 s ends by itself, also in the session", async () => {
    await login();
    await client.call("Connect", phone);
    expect(await set("STATUS_DND", { expires_in: { seconds: 2 }, message: "lunch" })).toBe("STATUS_DND");
    await eventually(async () => expect(await shown()).toBe("STATUS_ONLINE"));
    await eventually(async () => expect(await auth.hget("session:alice", "status")).toBe("ONLINE"), 1_500);
    expect((await client.call("GetPresence", { user_id: "alice" })).presence.message).toBe("");
  });

  test("bad input writes nothing, and no call creates a session", async () => {
    for (const user_id of ["", "x".repeat(129), "a\u0001"]) {
      expect((await refusalOf(client.call("Connect", { ...phone, user_id }))).code).toBe(status.INVALID_ARGUMENT);
    }
    expect((await refusalOf(client.call("SetStatus", { user_id: "alice", status: 9 }))).fields).toEqual(["status"]);
    expect(await auth.keys("presence:{session*")).toEqual([]);
    await client.call("Connect", { user_id: "carol", device_id: "phone" });
    await client.call("SetStatus", { user_id: "dave", status: "STATUS_AWAY" });
    await client.call("OverrideStatus", { user_id: "erin", status: "STATUS_DND", ensure_online: true });
    expect(await auth.keys("session:*")).toEqual([]);
    expect((await client.call("GetStats")).store).toBe("redis");
    expect((await client.call("ListUsers")).presences.map(({ user_id }: Answer) => user_id).sort()).toEqual(["carol", "dave", "erin"]);
  });

  test("the page token of another store is refused by name", async () => {
    expect(await refusalOf(client.call("ListUsers", { page_token: "made up" }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      fields: ["page_token"],
    });
  });

  test("a key of another type is our fault, with an id", async () => {
    await auth.set("party:odd:members", "text");
    expect((await refusalOf(client.call("GetPartyPresence", { party_id: "odd" }))).message).toMatch(/^internal error [0-9a-f-]{36}/);
  });
});

describe("with a lease of 3 s", () => {
  test("the silent user becomes OFFLINE without any call, and a session that lives longer says so", async () => {
    await start(short);
    await login();
    await auth.expire("session:alice", 600);
    await auth.sadd("party:lobby:members", "alice", "bob");
    await client.call("Connect", phone);
    expect(await auth.ttl("session:alice")).toBeGreaterThan(590);
    const connectedAt = performance.now();
    // Nothing but the auth service's own eyes: what is written, a sweep wrote.
    await eventually(async () => expect(await auth.hget("session:alice", "status")).toBe("OFFLINE"), 6_000);
    const afterMs = performance.now() - connectedAt;
    expect(afterMs).toBeGreaterThan(2_900);
    expect(afterMs).toBeLessThan(4_000);
    expect(await lobby()).toEqual({ alice: "STATUS_OFFLINE", bob: "STATUS_OFFLINE", counts: { STATUS_OFFLINE: 2 } });
    expect((await client.call("GetPresence", { user_id: "alice" })).presence.last_seen).not.toBeNull();
  });

  test("a session without a TTL ends with presence", async () => {
    await start(short);
    await login();
    await client.call("Connect", phone);
    expect(await auth.pttl("session:alice")).toBeGreaterThan(2_000);
    await eventually(async () => expect(await auth.exists("session:alice")).toBe(0), 6_000);
    expect(await shown()).toBe("STATUS_OFFLINE");
    expect(await auth.exists("session:alice")).toBe(0);
  });

  test("whoever has no session is refused where one is required", async () => {
    await start({ ...short, PRESENCE_SESSION_REQUIRED: "true" });
    expect(await refusalOf(client.call("Connect", phone))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: "SESSION_REQUIRED",
      domain: "presence",
    });
    await login();
    expect((await client.call("Connect", phone)).presence.status).toBe("STATUS_ONLINE");
  });
});

describe("without Redis", () => {
  test("calls fail with UNAVAILABLE in time, the process lives, and works again when Redis is back", async () => {
    await start();
    await client.call("Connect", phone);
    await redis.kill();
    for (const [rpc, request] of [
      ["GetPresence", { user_id: "alice" }],
      ["Heartbeat", phone],
      ["SetStatus", { user_id: "alice", status: "STATUS_AWAY" }],
      ["GetStats", {}],
    ] as const) {
      const startedAt = performance.now();
      const refusal = await refusalOf(client.call(rpc, request, 2_000));
      expect(refusal.code).toBe(status.UNAVAILABLE);
      expect(refusal.retryMs).toBeGreaterThan(0);
      expect(performance.now() - startedAt).toBeLessThan(1_500);
    }
    await redis.restart();
    // Redis came back empty: until every client had time to give a sign of life, nobody is told OFFLINE.
    expect((await eventually(() => client.call("Connect", phone), 3_000)).presence.status).toBe("STATUS_ONLINE");
    const refusal = await refusalOf(client.call("GetPresence", { user_id: "bob" }));
    expect(refusal.code).toBe(status.UNAVAILABLE);
    expect(refusal.retryMs).toBeGreaterThan(1_000);
    expect(server.log()).not.toMatch(/alice|bob/);
  });

  test("a Redis that stands still is no Redis", async () => {
    await start();
    redis.pause();
    const startedAt = performance.now();
    expect((await refusalOf(client.call("GetPresence", { user_id: "alice" }, 2_000))).code).toBe(status.UNAVAILABLE);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    redis.resume();
    await eventually(async () => expect(await shown()).toBe("STATUS_OFFLINE"), 3_000);
  });

  test("a server starts before its Redis, and serves as soon as it is there", async () => {
    await redis.kill();
    server = await built.start({ REDIS_URL: redis.url });
    client = genericClient(server.address);
    expect((await refusalOf(client.call("GetPresence", { user_id: "alice" }))).code).toBe(status.UNAVAILABLE);
    await redis.restart();
    expect((await eventually(() => client.call("Connect", phone))).presence.status).toBe("STATUS_ONLINE");
  });
});
