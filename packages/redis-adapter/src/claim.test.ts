import { millis, type UserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { duePartitions } from "./keys.ts";
import { aCommit, alice, aRecord, bob, put, type TestBed, testBed, users } from "./test-bed.fixture.ts";

const claimMs = 300;
let redis: RunningRedis;
let bed: TestBed;
/** A second server. */
let peer: TestBed;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  bed = await testBed(redis.url, { claimMs });
  peer = await testBed(redis.url, { claimMs, keys: bed.keys });
});
afterEach(() => {
  bed.close();
  peer.close();
});

async function makeDue(userId: UserId, revision = 1): Promise<void> {
  const { now } = (await bed.store.load([])).moment;
  await put(bed, userId, () => aRecord(now, { revision }), { due: now });
}

const claimed = async ({ store }: TestBed) => (await store.claimDue(100)).userIds;
const timeOut = () => new Promise((resolve) => setTimeout(resolve, claimMs + 20));
const given = (userId: UserId) => ({ userId, due: undefined, keepForMs: undefined });

describe("who is claimed", () => {
  test("stands in the claims of his partition instead of its due set", async () => {
    await makeDue(alice);
    const partition = bed.keys.partitionOf(alice);
    expect(await bed.client.zrange(bed.keys.due(partition), 0, -1)).toEqual(["alice"]);
    const { moment } = await bed.store.claimDue(1);
    expect(await bed.client.zrange(bed.keys.due(partition), 0, -1)).toEqual([]);
    expect(await bed.client.zrange(bed.keys.claims(partition), 0, -1, "WITHSCORES")).toEqual(["alice", String(moment.now + claimMs)]);
    await bed.store.finishDue([given(alice)]);
    expect(await bed.client.zcard(bed.keys.claims(partition))).toBe(0);
  });

  test("and becomes due again is held by his one sweeper, and found when that one is done", async () => {
    await makeDue(alice);
    expect(await claimed(bed)).toEqual([alice]);
    await makeDue(alice, 2);
    expect(await claimed(peer)).toEqual([]);
    await bed.store.finishDue([given(alice)]);
    expect(await claimed(peer)).toEqual([alice]);
  });

  test("is not lost when one sweeper finishes late and the other one dies", async () => {
    await makeDue(alice);
    expect(await claimed(bed)).toEqual([alice]);
    await timeOut();
    expect(await claimed(peer)).toEqual([alice]);
    // A commit that the late sweeper knows nothing of.
    await makeDue(alice, 2);
    await bed.store.finishDue([given(alice)]);
    expect(await claimed(bed)).toEqual([alice]);
  });

  test("by a sweeper that dies is due again, once", async () => {
    await makeDue(alice);
    expect(await claimed(bed)).toEqual([alice]);
    bed.client.disconnect();
    await timeOut();
    expect(await claimed(peer)).toEqual([alice]);
    expect(await claimed(peer)).toEqual([]);
  });

  test("is given back before his claim ends, so that a sweeper dying in between costs one look, not the user", async () => {
    await makeDue(alice);
    const { moment } = await bed.store.claimDue(1);
    const due = millis(moment.now + 60_000);
    // Only the first half of a finish arrives.
    const partition = bed.keys.partitionOf(alice);
    await bed.client.zadd(bed.keys.due(partition), "LT", due, alice);
    await timeOut();
    expect(await claimed(peer)).toEqual([alice]);
    await peer.store.finishDue([{ userId: alice, due, keepForMs: undefined }]);
    expect(await bed.client.zscore(bed.keys.due(partition), alice)).toBe(String(due));
  });
});

describe("a claim", () => {
  test("of whom many are held is not kept from the others behind them", async () => {
    const { now } = (await bed.store.load([])).moment;
    const partition = bed.keys.partitionOf(alice);
    const many = users(4_000)
      .filter((userId) => bed.keys.partitionOf(userId) === partition)
      .slice(0, 40);
    const make = (some: readonly UserId[], revision: number) =>
      bed.store.commit(some.map((userId) => aCommit(userId, aRecord(now, { revision }), now, { due: now })));
    await make(many.slice(0, 20), 1);
    const slow = await testBed(redis.url, { keys: bed.keys });
    expect(await claimed(slow)).toHaveLength(20);
    slow.close();
    // Due again while they are held, and before all others.
    await make(many.slice(0, 20), 2);
    await make(many.slice(20), 1);
    const others: UserId[] = [];
    for (let sweep = 0; sweep < 20; sweep++) others.push(...(await peer.store.claimDue(1)).userIds);
    expect(others.toSorted()).toEqual(many.slice(20).toSorted());
  });

  test("is shared by servers that claim at once, and nobody is claimed twice", async () => {
    const { now } = (await bed.store.load([])).moment;
    const many = users(2_000);
    for (let from = 0; from < many.length; from += 500)
      await bed.store.commit(many.slice(from, from + 500).map((userId) => aCommit(userId, aRecord(now), now, { due: now })));
    const work = async ({ store }: TestBed) => {
      const mine: UserId[] = [];
      for (;;) {
        const { userIds } = await store.claimDue(50);
        if (userIds.length === 0) return mine;
        mine.push(...userIds);
        await store.finishDue(userIds.map(given));
      }
    };
    const [first, second] = await Promise.all([work(bed), work(peer)]);
    expect([...first, ...second].toSorted()).toEqual(many.toSorted());
    // Neither waits for the other.
    expect(Math.min(first.length, second.length)).toBeGreaterThan(many.length / 5);
  });

  test("begins with another partition each time, so that none starves", async () => {
    const { now } = (await bed.store.load([])).moment;
    // More than enough in some partitions, one user in another.
    const lonely = users(500).find((userId) => bed.keys.partitionOf(userId) === duePartitions - 1) ?? bob;
    const many = users(500).filter((userId) => bed.keys.partitionOf(userId) < 8 || userId === lonely);
    await bed.store.commit(many.map((userId) => aCommit(userId, aRecord(now), now, { due: now })));
    const seen = new Set<UserId>();
    for (let sweep = 0; sweep < duePartitions && !seen.has(lonely); sweep++)
      for (const userId of (await bed.store.claimDue(1)).userIds) seen.add(userId);
    expect(seen).toContain(lonely);
    expect(seen.size).toBeLessThan(many.length);
  });

  test("takes from all partitions, one script each, and never more than asked for", async () => {
    const { now } = (await bed.store.load([])).moment;
    const many = users(300);
    await bed.store.commit(many.map((userId) => aCommit(userId, aRecord(now), now, { due: now })));
    const monitor = await new Redis(redis.url).monitor();
    const scripts: string[][] = [];
    monitor.on("monitor", (_: string, [name, , count, ...rest]: string[]) => {
      if (/^eval/i.test(name ?? "")) scripts.push(rest.slice(0, Number(count)));
    });
    const first = (await bed.store.claimDue(200)).userIds;
    const second = (await bed.store.claimDue(200)).userIds;
    expect([first.length, second.length]).toEqual([200, 100]);
    expect([...first, ...second].toSorted()).toEqual(many.toSorted());
    monitor.disconnect();
    const claims = scripts.filter((keys) => keys[0]?.includes("{due:"));
    expect(claims.length).toBeGreaterThan(1);
    for (const keys of claims) expect(keys).toEqual([keys[0], `${keys[0]}/claims`]);
  });
});
