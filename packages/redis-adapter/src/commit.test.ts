import { millis, never, unknownRecord } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { aCommit, alice, aRecord, aRenewal, bob, entriesOf, put, type TestBed, testBed } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let bed: TestBed;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  bed = await testBed(redis.url);
});
afterEach(() => bed.close());

const login = { sessionId: "s1", name: "Alice" };

describe("a session key that holds no hash", () => {
  test("is an internal error that says so, and nothing is half written", async () => {
    const { client, keys, store } = bed;
    await client.set(keys.session(alice), "not a hash");
    const { moment } = await store.loadForChange([alice]);
    const commit = aCommit(alice, aRecord(moment.now), moment.now, { session: true });
    expect(await store.commit([commit])).toEqual([
      expect.objectContaining({ code: "INTERNAL", message: expect.stringContaining("a user's session (a hash)") }),
    ]);
    expect(await entriesOf(store.load([alice]))).toEqual([unknownRecord]);
    expect(await client.get(keys.session(alice))).toBe("not a hash");
    expect(await client.ttl(keys.session(alice))).toBe(-1);
  });

  test("does not keep the other commits of its batch from being written", async () => {
    const { client, keys, store } = bed;
    await client.set(keys.session(alice), "not a hash");
    const { now } = (await store.load([])).moment;
    const record = aRecord(now);
    const results = await store.commit([aCommit(alice, record, now, { session: true }), aCommit(bob, record, now)]);
    expect(results).toEqual([expect.objectContaining({ code: "INTERNAL" }), "committed"]);
    expect(await entriesOf(store.load([alice, bob]))).toEqual([unknownRecord, record]);
  });

  test("declines a renewal, and keeps nobody else's from being granted", async () => {
    const { client, keys, store } = bed;
    await put(bed, alice, (now) => aRecord(now, { bound: true }));
    await put(bed, bob);
    await client.set(keys.session(alice), "not a hash");
    const entries = await entriesOf(store.renew([aRenewal(alice), aRenewal(bob)]));
    expect(entries.map(({ renewed }) => renewed)).toEqual([false, true]);
  });
});

describe("a record of a format that is not known", () => {
  const newer = "2 something that a newer server wrote";

  test("is an error in its place in every answer, and never overwritten", async () => {
    const { client, keys, store } = bed;
    await client.set(keys.record(alice), newer);
    await client.hset(keys.session(alice), login);
    const { now } = (await store.load([])).moment;
    const calls: Readonly<Record<string, () => Promise<readonly unknown[]>>> = {
      load: async () => (await store.load([bob, alice])).entries.slice(1),
      loadForChange: async () => (await store.loadForChange([alice])).entries,
      "a first commit": () => store.commit([aCommit(alice, aRecord(now), now, { session: true })]),
      "a later commit": () => store.commit([aCommit(alice, aRecord(now, { revision: 7 }), now, { session: true })]),
      renew: async () => (await store.renew([aRenewal(alice)])).entries,
      scan: async () => (await store.scan(undefined, 10)).unreadable,
    };
    for (const [name, call] of Object.entries(calls)) {
      expect(await call(), name).toEqual([
        expect.objectContaining({ code: "UNAVAILABLE", message: expect.stringContaining("newer server") }),
      ]);
    }
    expect(await client.get(keys.record(alice))).toBe(newer);
    expect(await client.hgetall(keys.session(alice))).toEqual(login);
  });

  test("that only begins like ours is not ours", async () => {
    const { client, keys, store } = bed;
    await client.set(keys.record(alice), "10 000000000001 …");
    const { now } = (await store.load([])).moment;
    const unavailable = [expect.objectContaining({ code: "UNAVAILABLE" })];
    expect(await store.commit([aCommit(alice, aRecord(now, { revision: 2 }), now)])).toEqual(unavailable);
    expect((await store.renew([aRenewal(alice)])).entries).toEqual(unavailable);
  });
});

describe("a Redis that takes no writes", () => {
  afterEach(async () => {
    await bed.client.config("SET", "maxmemory", "0");
    await bed.client.replicaof("NO", "ONE");
  });

  test("for want of memory is unavailable, says why, and holds no half of a commit", async () => {
    const { client, keys, store } = bed;
    await client.hset(keys.session(alice), login);
    const { now } = (await store.load([])).moment;
    await client.config("SET", "maxmemory", "1");
    const commit = aCommit(alice, aRecord(now), now, { session: true, due: now });
    await expect(store.commit([commit])).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("out of memory") });
    expect(await client.get(keys.record(alice))).toBeNull();
    expect(await client.hgetall(keys.session(alice))).toEqual(login);
  });

  test("because it is a replica is unavailable", async () => {
    const { client, store } = bed;
    const { now } = (await store.load([])).moment;
    await client.replicaof("127.0.0.1", 1);
    await expect(store.commit([aCommit(alice, aRecord(now), now)])).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("a commit", () => {
  test("that was decided before the connection was lost is stale, for Redis may have lost what it was decided on", async () => {
    const { client, store } = bed;
    const { now } = (await store.load([])).moment;
    client.stream.destroy();
    await new Promise((resolve) => client.once("ready", resolve));
    const commits = [aCommit(alice, aRecord(now), now)];
    expect(await store.commit(commits)).toEqual(["stale"]);
    expect(await put(bed, alice)).toMatchObject({ revision: 1 });
  });

  test("with stale ones in its batch keeps its place", async () => {
    const { store, clock } = bed;
    const { now: before } = (await store.load([])).moment;
    clock.invalidate();
    const { now } = (await store.load([])).moment;
    const commits = [aCommit(alice, aRecord(before), before, { due: before }), aCommit(bob, aRecord(now), now, { due: now })];
    expect(await store.commit(commits)).toEqual(["stale", "committed"]);
  });

  test("keeps a record for a moment where it is to be kept for nothing", async () => {
    await put(bed, alice, undefined, { keepForMs: 0 });
    expect(await bed.client.pttl(bed.keys.record(alice))).toBeLessThanOrEqual(1);
  });
});

test("a renewal patches its device only, however many bytes the message takes", async () => {
  const { client, keys, store } = bed;
  const text = "日本語 👩‍👩‍👧‍👦 d phone 1".repeat(5);
  const record = await put(bed, alice, (now) => aRecord(now, { message: { text, until: never } }), { keepForMs: 600_000 });
  const before = (await client.getBuffer(keys.record(alice))) ?? Buffer.from("");
  const entries = await entriesOf(store.renew([aRenewal(alice)]));
  const after = (await client.getBuffer(keys.record(alice))) ?? Buffer.from("");
  expect(after.length).toBe(before.length);
  const [device] = record.devices;
  const [entry] = entries;
  expect(entry?.renewed).toBe(true);
  const { leaseUntil = never, lastSeen = millis(0) } = entry?.record.devices[0] ?? {};
  expect(entry?.record).toEqual({ ...record, revision: 2, devices: [{ ...device, leaseUntil, lastSeen }] });
  expect(await entriesOf(store.load([alice]))).toEqual([entry?.record]);
  // SETRANGE leaves the record's own expiry alone.
  expect(await client.pttl(keys.record(alice))).toBeGreaterThan(590_000);
});
