import { type Commit, millis, type PresenceRecord, presencePolicy } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { aCommit, aDevice, alice, aRecord, aRenewal, entriesOf, put, type TestBed, testBed, users } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let others: Redis;
/** Three servers over the same data. */
let beds: readonly [TestBed, TestBed, TestBed];

beforeAll(async () => {
  redis = await startRedis();
  others = new Redis(redis.url);
});
afterAll(async () => {
  others.disconnect();
  await redis.stop();
});
beforeEach(async () => {
  const first = await testBed(redis.url);
  beds = [first, await testBed(redis.url, { keys: first.keys }), await testBed(redis.url, { keys: first.keys })];
});
afterEach(() => {
  for (const bed of beds) bed.close();
});

const login = { sessionId: "s1", name: "Alice", status: "ONLINE" };

test("of 200 commits and renewals at random each moves the revision by one or changes nothing", async () => {
  await put(beds[0], alice);
  const won: number[] = [];
  let renewals = 0;
  const atRandom = (withinMs: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * withinMs));
  const commit = async ({ store }: TestBed) => {
    await atRandom(300);
    const { moment, entries } = await store.load([alice]);
    const [record] = entries as [PresenceRecord];
    await atRandom(2);
    const next: PresenceRecord = { ...record, revision: record.revision + 1, version: record.version + 1 };
    const [result] = await store.commit([aCommit(alice, next, moment.now)]);
    if (result === "committed") won.push(next.version);
    expect(result).not.toBe("stale");
  };
  const renew = async ({ store }: TestBed) => {
    await atRandom(300);
    const entries = await entriesOf(store.renew([aRenewal(alice)]));
    if (entries[0]?.renewed) renewals++;
  };
  const first = (await entriesOf(beds[0].store.load([alice])))[0]?.version ?? 0;
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => {
      const bed = beds[index % 3] ?? beds[0];
      return Math.random() < 0.5 ? commit(bed) : renew(bed);
    }),
  );
  const [record] = await entriesOf(beds[0].store.load([alice]));
  expect(record?.revision).toBe(1 + won.length + renewals);
  // No version was given twice, and none was lost.
  expect(won.toSorted((a, b) => a - b)).toEqual(won.map((_, index) => first + index + 1));
  expect(won.length).toBeGreaterThan(0);
  expect(renewals).toBeGreaterThan(0);
});

test("a logout against 2,000 heartbeats and commits leaves no session key behind", async () => {
  const { keys } = beds[0];
  const many = users(1_000);
  const sessions = many.map((userId) => keys.session(userId));
  const { now } = (await beds[0].store.load([])).moment;
  const logins = others.pipeline();
  for (const key of sessions) logins.hset(key, login);
  await logins.exec();
  await beds[0].store.commit(many.map((userId) => aCommit(userId, aRecord(now, { bound: true }), now, { session: true })));
  const commits = many.map(
    (userId): Commit => aCommit(userId, aRecord(now, { bound: true, revision: 2, status: "DND" }), now, { session: true }),
  );
  const logouts = async () => {
    for (let from = 0; from < sessions.length; from += 20) await others.del(...sessions.slice(from, from + 20));
  };
  const renewing = async () => {
    for (let from = 0; from < many.length; from += 25)
      await beds[1].store.renew(many.slice(from, from + 25).map((userId) => aRenewal(userId)));
  };
  const committing = async () => {
    const results: unknown[] = [];
    for (let from = 0; from < commits.length; from += 25) results.push(...(await beds[2].store.commit(commits.slice(from, from + 25))));
    return results;
  };
  await Promise.all([logouts(), renewing(), committing()]);
  expect(await others.exists(...sessions)).toBe(0);
});

test("a renewal against the end of its lease is granted in time, or changes nothing", async () => {
  const leaseMs = 60;
  const bed = await testBed(redis.url, { policy: presencePolicy() });
  let declined = 0;
  for (let round = 0; round < 15; round++) {
    await others.del(bed.keys.record(alice));
    const record = await put(bed, alice, (now) => aRecord(now, { devices: [aDevice(now, { leaseUntil: millis(now + leaseMs) })] }));
    const leaseUntil = record.devices[0]?.leaseUntil ?? millis(0);
    // Around the end: before it in some rounds, after it in others.
    await new Promise((resolve) => setTimeout(resolve, leaseMs - 10 + 2 * round));
    const [entry] = await entriesOf(bed.store.renew([aRenewal(alice)]));
    const [stored] = await entriesOf(bed.store.load([alice]));
    expect(stored).toEqual(entry?.record);
    if (entry?.renewed) expect(stored?.devices[0]?.lastSeen).toBeLessThan(leaseUntil);
    else {
      expect(stored).toEqual(record);
      declined++;
    }
  }
  expect(declined).toBeGreaterThan(0);
  bed.close();
});

test("a renewal that reaches Redis long after it was decided is declined", async () => {
  const policy = presencePolicy({ leaseTtlMs: 900, heartbeatIntervalMs: 300, graceMs: 300 });
  const slow = await testBed(redis.url, { keys: beds[0].keys, policy });
  const record = await put(slow, alice);
  // Redis holds commands back for longer than the gap of 225 ms, and less than a command may take.
  await others.client("PAUSE", 350, "ALL");
  const [entry] = await entriesOf(slow.store.renew([aRenewal(alice)]));
  expect(entry).toEqual({ renewed: false, record, session: false });
  slow.close();
});
