import { PresenceError, parseUserId, presencePolicy } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { duePartitions } from "./keys.ts";
import { sleep } from "./redis-harness.fixture.ts";
import { alice, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";

// Of a gap that a busy machine keeps: a longer pause between two sweeps would make every lease count longer.
const policy = presencePolicy({ leaseTtlMs: 2_000, heartbeatIntervalMs: 600, graceMs: 0 });
const users = Array.from({ length: 700 }, (_, index) => parseUserId(`user:${index}`));
let redis: RunningRedis;
let on: ServiceOnRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  on = await serviceOnRedis(redis, { policy });
});
afterEach(() => on.close());

async function loseDueEntries(): Promise<void> {
  for (let partition = 0; partition < duePartitions; partition++) await on.others.del(on.keys.due(partition), on.keys.claims(partition));
}

async function dueEntries(): Promise<number> {
  let count = 0;
  for (let partition = 0; partition < duePartitions; partition++) count += await on.others.zcard(on.keys.due(partition));
  return count;
}

/** Every page of a round. */
async function repairAll(): Promise<number> {
  let armed = 0;
  for (let cursor: string | undefined; ; ) {
    const step = await on.service.repair(cursor, 100);
    expect(step).toMatchObject({ leads: true, failures: [] });
    armed += step.armed;
    if (step.next === undefined) return armed;
    cursor = step.next;
  }
}

/** Until sweeps have written down so many moves. */
async function sweepUntil(count: number): Promise<void> {
  let moves = 0;
  for (const end = Date.now() + 15_000; moves < count && Date.now() < end; ) moves += await sweepFor(50);
  expect(moves).toBe(count);
}

/** What sweeps write down in so many milliseconds. */
async function sweepFor(ms: number): Promise<number> {
  let moves = 0;
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    for (;;) {
      const sweep = await on.service.sweep();
      moves += sweep.moves.length;
      if (sweep.visited < 200) break;
    }
  }
  return moves;
}

describe("users whose due entries are lost", () => {
  test("still become OFFLINE, each once, when a repair has found them", async () => {
    await on.service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
    await loseDueEntries();
    // Nobody writes down what has become of them.
    expect(await sweepFor(2_400)).toBe(0);
    expect(await repairAll()).toBe(users.length);
    await sweepUntil(users.length);
    expect(await sweepFor(200)).toBe(0);
    expect(await dueEntries()).toBe(0);
  });

  test("and who are alive get them back, due no later than they lapse", async () => {
    await on.service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
    await loseDueEntries();
    await on.service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
    expect(await repairAll()).toBe(users.length);
    expect(await dueEntries()).toBe(users.length);
    await sweepUntil(users.length);
  });

  test("because they were deleted in the middle of a claim, are found as well", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    await sleep(policy.leaseTtlMs + 50);
    expect((await on.adapter.store.claimDue(10)).userIds).toEqual([alice]);
    await loseDueEntries();
    expect(await repairAll()).toBe(1);
    // Nobody watched for a lease, so the user counts as alive for one more.
    await sweepUntil(1);
  });
});

describe("a repair", () => {
  test("changes nothing for users that are as they should be, and leaves nothing behind of those who are OFFLINE", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    const partition = on.keys.due(on.keys.partitionOf(alice));
    const before = await on.others.zrange(partition, 0, -1, "WITHSCORES");
    await on.service.heartbeat({ userId: alice, deviceId: phone });
    expect(await repairAll()).toBe(1);
    expect(await on.others.zrange(partition, 0, -1, "WITHSCORES")).toEqual(before);
    await on.service.disconnect(alice, phone);
    expect(await repairAll()).toBe(0);
    await vi.waitFor(
      async () => {
        await sweepFor(20);
        expect(await dueEntries()).toBe(0);
      },
      { timeout: 10_000 },
    );
    expect(await dueEntries()).toBe(0);
  });

  test("keeps the record of a user who lives by renewals alone", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    await loseDueEntries();
    await on.others.pexpire(on.keys.record(alice), 5_000);
    await on.service.heartbeat({ userId: alice, deviceId: phone });
    await repairAll();
    expect(await on.others.pttl(on.keys.record(alice))).toBeGreaterThan(policy.retentionMs - 1_000);
  });

  test("names who cannot be read, and arms the others", async () => {
    await on.service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
    await on.others.set(on.keys.record(alice), "2 of a newer server");
    const { armed, failures } = await on.service.repair(undefined, 2_000);
    expect(armed).toBe(users.length);
    expect(failures).toEqual([expect.any(PresenceError)]);
    expect(String(failures[0])).toContain("alice");
  });

  test("is one server's at a time, and another's when that one is gone for a lease", async () => {
    const other = await on.another();
    expect((await on.service.repair()).leads).toBe(true);
    expect(await other.repair()).toEqual({ leads: false, armed: 0, failures: [], next: undefined });
    expect((await on.service.repair()).leads).toBe(true);
    await vi.waitFor(async () => expect((await other.repair()).leads).toBe(true), { timeout: 10_000, interval: 200 });
    expect((await on.service.repair()).leads).toBe(false);
  });
});
