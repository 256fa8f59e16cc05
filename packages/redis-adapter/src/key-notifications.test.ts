import { presencePolicy, type UserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RedisAdapter, type RedisAdapterOptions, redisAdapter } from "./redis-adapter.ts";
import { alice } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let auth: Redis;
let adapter: RedisAdapter | undefined;
let gone: [userId: UserId, seen: boolean][];
let infos: string[];
let warnings: string[];

beforeEach(async () => {
  redis = await startRedis();
  auth = new Redis(redis.url, { maxRetriesPerRequest: null });
  auth.on("error", () => {});
  gone = [];
  infos = [];
  warnings = [];
});
afterEach(async () => {
  adapter?.close();
  auth.disconnect();
  await redis.stop();
});

function connect(options: Partial<RedisAdapterOptions> = {}): void {
  adapter = redisAdapter({
    url: redis.url,
    policy: presencePolicy(),
    onSessionGone: (userId, seen) => gone.push([userId, seen]),
    log: { info: (message) => infos.push(message), warn: (message) => warnings.push(message) },
    ...options,
  });
}

const flags = async () => ((await auth.config("GET", "notify-keyspace-events")) as string[])[1] ?? "";

/** Until somebody listens to the events of deleted keys. */
async function listening(db = 0): Promise<void> {
  const channel = `__keyevent@${db}__:del`;
  await vi.waitFor(async () => expect(await auth.pubsub("NUMSUB", channel)).toEqual([channel, 1]), { timeout: 5_000, interval: 10 });
}

const warned = () => vi.waitFor(() => expect(warnings).not.toEqual([]), { timeout: 5_000, interval: 10 });

/** Everything that Redis has told so far has been heard when a last deletion is. */
async function heard(): Promise<readonly [UserId, boolean][]> {
  await auth.hset("session:last", { a: 1 });
  await auth.del("session:last");
  await vi.waitFor(() => expect(gone.at(-1)?.[0]).toBe("last"), { timeout: 3_000, interval: 5 });
  return gone.slice(0, -1);
}

describe("a session that goes away", () => {
  test("by deletion was seen to go, by expiration or eviction was not", async () => {
    connect();
    await listening();
    await auth.hset("session:alice", { sessionId: "s1" });
    await auth.del("session:alice");
    await auth.hset("session:bob", { sessionId: "s2" });
    await auth.pexpire("session:bob", 20);
    await vi.waitFor(() => expect(gone).toHaveLength(2), { timeout: 3_000 });
    await auth.publish("__keyevent@0__:evicted", "session:carol");
    expect(await heard()).toEqual([
      ["alice", true],
      ["bob", false],
      ["carol", false],
    ]);
  });

  test("is told for sessions with names of users only", async () => {
    connect();
    await listening();
    for (const key of [
      "session:al ice",
      "session:",
      `session:${"x".repeat(129)}`,
      "sessions:alice",
      "party:lobby:members",
      "presence:{session:alice}:alice",
    ]) {
      await auth.set(key, "1");
      await auth.del(key);
    }
    // Neither a write nor a new expiration is an end.
    await auth.hset("session:alice", { sessionId: "s1" });
    await auth.expire("session:alice", 100);
    expect(await heard()).toEqual([]);
  });

  test("in another database is somebody else's", async () => {
    connect({ url: `${redis.url}/3` });
    await listening(3);
    await auth.hset("session:alice", { sessionId: "s1" });
    await auth.del("session:alice");
    await auth.select(3);
    expect(await heard()).toEqual([]);
  });
});

describe("the flags of notifications", () => {
  test("are added to those that are there", async () => {
    await auth.config("SET", "notify-keyspace-events", "Kl");
    connect();
    await listening();
    expect([...(await flags())].toSorted()).toEqual([..."EKegslx"].toSorted());
    expect(infos).toContainEqual(expect.stringContaining("notify-keyspace-events lKExegs"));
  });

  test("are left alone where nothing is missing", async () => {
    await auth.config("SET", "notify-keyspace-events", "KEA");
    connect();
    await listening();
    expect(infos).toEqual([]);
    expect(await flags()).toContain("A");
  });

  test("are set again when Redis has forgotten them, whichever connection is back first", async () => {
    connect();
    await listening();
    await redis.kill();
    await redis.restart();
    await listening();
    await auth.hset("session:alice", { sessionId: "s1" });
    await auth.del("session:alice");
    await vi.waitFor(() => expect(gone).toEqual([[alice, true]]), { timeout: 3_000 });
  });

  test("that may not be set are asked for by the exact command, and the rest works", async () => {
    await auth.acl("SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-config");
    await auth.config("SET", "notify-keyspace-events", "Egx");
    connect({ username: "limited", password: "pw" });
    await listening();
    await warned();
    expect(warnings).toEqual([expect.stringContaining("Run: redis-cli CONFIG SET notify-keyspace-events KExegs (")]);
    // Only what really is missing.
    expect(warnings[0]).toContain("Redis does not tell of changes of parties (flags Ks).");
    await auth.del("session:alice");
    expect(await heard()).toEqual([]);
  });

  test("that may be read, but not set, are asked for beside those that are there", async () => {
    await auth.acl("SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-config|set");
    await auth.config("SET", "notify-keyspace-events", "l");
    connect({ username: "limited", password: "pw" });
    await warned();
    expect(warnings).toEqual([expect.stringMatching(/Run: redis-cli CONFIG SET notify-keyspace-events lKExegs \(/)]);
  });

  test("that an operator has set are no reason to complain, though they may not be read", async () => {
    await auth.acl("SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-config");
    await auth.config("SET", "notify-keyspace-events", "KEA");
    connect({ username: "limited", password: "pw" });
    await listening();
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect([...warnings, ...infos]).toEqual([]);
    expect(await auth.keys("presence:probe:*")).toEqual([]);
  });

  test("that an operator sets after all are found in force with the next connection", async () => {
    await auth.acl("SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-config");
    connect({ username: "limited", password: "pw" });
    await warned();
    await auth.config("SET", "notify-keyspace-events", "KExegs");
    await auth.client("KILL", "TYPE", "pubsub");
    await vi.waitFor(() => expect(infos).toContainEqual("keyspace notifications are in force now"), { timeout: 5_000 });
  });

  test("of a Redis without CONFIG are asked for too", async () => {
    await redis.stop();
    redis = await startRedis({ args: ["--rename-command", "CONFIG", ""] });
    auth.disconnect();
    auth = new Redis(redis.url);
    connect();
    await warned();
    expect(warnings).toEqual([expect.stringContaining("Run: redis-cli CONFIG SET notify-keyspace-events KExegs (")]);
    expect(warnings[0]).toContain("put notify-keyspace-events KExegs into redis.conf");
    // In no doubt about anything else.
    expect(warnings[0]).toContain("changes of parties (flags Ks), deleted sessions (flags Eg), expired sessions (flags Ex)");
  });
});

test("a connection that is open and dead is replaced", async () => {
  connect();
  await listening();
  redis.pause();
  await vi.waitFor(() => expect(warnings).toContainEqual(expect.stringContaining("notifications' connection does not answer")), {
    timeout: 6_000,
  });
  redis.resume();
  // The old subscription may take a moment to end.
  await listening();
  await vi.waitFor(async () => expect(await heard()).toEqual([]), { timeout: 5_000 });
});

test("a connection that is cut listens again by itself", async () => {
  connect();
  await listening();
  await auth.client("KILL", "TYPE", "pubsub");
  await listening();
  expect(await heard()).toEqual([]);
});
