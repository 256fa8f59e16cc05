import { parseUserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { shortPolicy, sleep } from "./redis-harness.fixture.ts";
import { alice, login, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";
import { entriesOf } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let on: ServiceOnRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  on = await serviceOnRedis(redis);
});
afterEach(() => on.close());

const users = Array.from({ length: 250 }, (_, index) => parseUserId(`user:${index}`));
const unavailable = expect.objectContaining({ name: "PresenceError", code: "UNAVAILABLE" });
const internal = expect.objectContaining({ name: "PresenceError", code: "INTERNAL" });

describe("a SCRIPT FLUSH", () => {
  test("again and again under load is invisible, and nothing is done twice", async () => {
    let flushing = true;
    const flushes = (async () => {
      for (; flushing; await sleep(1)) await on.others.script("FLUSH");
    })();
    await Promise.all(users.map((userId) => on.service.connect({ userId, deviceId: phone })));
    const beats = await on.service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
    flushing = false;
    await flushes;
    expect(beats.every((beat) => "refusal" in beat && beat.refusal === undefined)).toBe(true);
    // One revision by the connect, one by the heartbeat.
    const entries = await entriesOf(on.adapter.store.load(users));
    expect(new Set(entries.map(({ revision }) => revision))).toEqual(new Set([2]));
  });
});

describe("a session key that holds no hash", () => {
  test("leaves the record as it was, and publishes nothing", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    const before = await on.others.get(on.keys.record(alice));
    const listener = new Redis(redis.url);
    const heard: string[] = [];
    listener.on("message", (_, message: string) => heard.push(message));
    await listener.subscribe(on.keys.channel(alice, 0));
    await on.others.set(on.keys.session(alice), "not a hash");
    await expect(on.service.setStatus({ userId: alice, status: "DND" })).rejects.toEqual(internal);
    await expect(on.service.heartbeat({ userId: alice, deviceId: phone })).rejects.toEqual(internal);
    await listener.ping();
    listener.disconnect();
    expect(heard).toEqual([]);
    expect(await on.others.get(on.keys.record(alice))).toBe(before);
  });

  test("of one user does not keep a sweep from telling that others are OFFLINE", async () => {
    const short = await serviceOnRedis(redis, { policy: shortPolicy });
    try {
      const some = users.slice(0, 5);
      for (const userId of [alice, ...some]) {
        await short.others.hset(short.keys.session(userId), login);
        await short.service.connect({ userId, deviceId: phone });
      }
      await short.others.set(short.keys.session(alice), "not a hash");
      // A sweeper all the while: without one the lease would be stretched by a window.
      for (const until = Date.now() + shortPolicy.leaseTtlMs + 300; Date.now() < until; await sleep(50)) {
        await short.service.sweep().catch((error: unknown) => expect(error).toEqual(internal));
      }
      const entries = await entriesOf(short.adapter.store.load(some));
      expect(entries.map(({ status }) => status)).toEqual(some.map(() => "OFFLINE"));
    } finally {
      short.close();
    }
  });
});

describe("a record key that holds no string", () => {
  test("fails reads and writes with INTERNAL", async () => {
    await on.others.rpush(on.keys.record(alice), "not a string");
    await expect(on.service.connect({ userId: alice, deviceId: phone })).rejects.toEqual(internal);
    await expect(on.service.heartbeat({ userId: alice, deviceId: phone })).rejects.toEqual(internal);
    expect(await on.others.lrange(on.keys.record(alice), 0, -1)).toEqual(["not a string"]);
  });
});

describe("a Redis out of memory", () => {
  let full: RunningRedis;
  beforeAll(async () => {
    full = await startRedis();
  });
  afterAll(() => full.stop());

  test("is UNAVAILABLE, nothing is half written, and it works again when there is room", async () => {
    const there = await serviceOnRedis(full);
    try {
      await there.others.hset(there.keys.session(alice), login);
      await there.service.connect({ userId: alice, deviceId: phone });
      await there.others.set("filling", "x".repeat(2_000_000));
      const before = await snapshot(there);
      await there.others.config("SET", "maxmemory-policy", "noeviction");
      await there.others.config("SET", "maxmemory", "1mb");
      const bob = parseUserId("bob");
      for (const call of [
        () => there.service.setStatus({ userId: alice, status: "DND", message: "longer than before" }),
        () => there.service.heartbeat({ userId: alice, deviceId: phone }),
        () => there.service.connect({ userId: bob, deviceId: phone }),
        () => there.service.sweep(),
      ]) {
        const error = await call().catch((reason: unknown) => reason);
        expect(error).toEqual(unavailable);
        expect(String(error)).toContain("out of memory");
      }
      expect(await snapshot(there)).toEqual(before);
      expect(await there.others.exists(there.keys.record(bob))).toBe(0);
      await there.others.config("SET", "maxmemory", "0");
      expect((await there.service.setStatus({ userId: alice, status: "DND" })).presence.status).toBe("DND");
    } finally {
      there.close();
    }
  });
});

async function snapshot({ others, keys }: ServiceOnRedis) {
  const [record, session] = await Promise.all([others.get(keys.record(alice)), others.hgetall(keys.session(alice))]);
  return { record, session };
}
