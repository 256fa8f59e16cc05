import { longAgo, presencePolicy, watchGapMs } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { alice, aRecord, aRenewal, entriesOf, put, type TestBed, testBed } from "./test-bed.fixture.ts";

const policy = presencePolicy();
const gapMs = watchGapMs(policy);
let redis: RunningRedis;
let other: Redis;
let bed: TestBed;
/** By how much this process's clock has been moved on. */
let skippedMs: number;
/** By how much it moves on with each look at it. */
let stepMs: number;

beforeAll(async () => {
  redis = await startRedis();
  other = new Redis(redis.url);
});
afterAll(async () => {
  other.disconnect();
  await redis.stop();
});
beforeEach(async () => {
  [skippedMs, stepMs] = [0, 0];
  const monotonicMs = () => {
    skippedMs += stepMs;
    return performance.now() + skippedMs;
  };
  bed = await testBed(redis.url, { policy, monotonicMs });
});
afterEach(() => bed.close());

async function ticks(): Promise<number> {
  const [, calls = "0"] = /cmdstat_time:calls=(\d+)/.exec(await other.info("commandstats")) ?? [];
  return Number(calls);
}

async function redisTime(): Promise<number> {
  const [seconds, micros] = await other.time();
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}

/** How often the clock asked Redis for the time during `action`: every script of ours that asks for it, in a test where only ticks run. */
async function ticksDuring(action: () => Promise<unknown>): Promise<number> {
  const before = await ticks();
  await action();
  return (await ticks()) - before;
}

describe("the clock", () => {
  test("is Redis's time, in whole milliseconds, never ahead and hardly behind", async () => {
    for (let round = 0; round < 20; round++) {
      const before = await redisTime();
      const { now } = await bed.clock.moment();
      const after = await redisTime();
      expect(now).toBeLessThanOrEqual(after);
      expect(now).toBeGreaterThan(before - 20);
      expect(Number.isInteger(now)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  });

  test("knows how far Redis may be ahead of it", async () => {
    // Redis may have read its clock at any time between the question and the answer.
    stepMs = 70;
    const { aheadMs } = await bed.clock.tick();
    stepMs = 0;
    expect(aheadMs).toBeGreaterThan(70);
  });

  test("asks Redis once for many callers, and not again while its tick is young", async () => {
    const first = await ticksDuring(() => Promise.all(Array.from({ length: 20 }, () => bed.clock.moment())));
    expect(first).toBe(1);
    expect(await ticksDuring(() => bed.clock.moment())).toBe(0);
    skippedMs += gapMs + 1;
    expect(await ticksDuring(() => bed.clock.moment())).toBe(1);
  });

  test("counts the age of a tick from when it was sent, not from its answer", async () => {
    const tick = bed.clock.tick();
    // The answer takes longer than the gap.
    skippedMs += gapMs + 1;
    await tick;
    expect(await ticksDuring(() => bed.clock.moment())).toBe(1);
  });

  test("gives up where no tick comes back in time", async () => {
    const slow = await testBed(redis.url, {
      policy,
      // Each look at the clock is a gap later than the one before.
      monotonicMs: () => {
        skippedMs += gapMs + 1;
        return performance.now() + skippedMs;
      },
    });
    await expect(slow.clock.moment()).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("too slowly") });
    slow.close();
  });

  test("ticks again after a new connection, before anything is answered", async () => {
    await bed.store.load([]);
    bed.client.stream.destroy();
    await new Promise((resolve) => bed.client.once("ready", resolve));
    expect(await ticksDuring(() => bed.store.load([alice]))).toBe(1);
  });

  test("never runs backwards, though a tick corrects it", async () => {
    let last = (await bed.clock.moment()).now;
    for (let round = 0; round < 20; round++) {
      // This process's clock runs fast.
      skippedMs += 3;
      for (const now of [(await bed.clock.moment()).now, (await bed.clock.tick()).now]) {
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
    }
  });
});

describe("lost writes", () => {
  test("open a window and blind the one who remembers, and all others with him", async () => {
    const peer = await testBed(redis.url, { policy, keys: bed.keys });
    const { moment: before } = await bed.store.claimDue(1);
    await other.flushall();
    const { moment } = await bed.store.claimDue(1);
    expect(moment.blindUntil).toBe(moment.now + 1.1 * policy.heartbeatIntervalMs + 1_000);
    expect(moment.window?.from).toBe(before.now + gapMs);
    expect(moment.window?.until).toBe(moment.now + policy.leaseTtlMs);
    expect((await peer.store.load([alice])).moment.blindUntil).toBe(moment.blindUntil);
    peer.close();
  });

  test("show as well where an older state came back", async () => {
    await bed.store.claimDue(1);
    const older = await other.dumpBuffer(bed.keys.clock);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await bed.store.claimDue(1);
    await other.restore(bed.keys.clock, 0, older ?? "", "REPLACE");
    expect((await bed.store.claimDue(1)).moment.blindUntil).not.toBe(longAgo);
  });

  test("are not suspected by a server that has just started", async () => {
    await other.flushall();
    const { moment } = await bed.store.claimDue(1);
    expect([moment.window, moment.blindUntil]).toEqual([undefined, longAgo]);
  });
});

describe("a read whose answer comes late", () => {
  test("is read again, so that no renewal in between is missed by a clock that has moved on", async () => {
    const peer = await testBed(redis.url, { policy, keys: bed.keys });
    await put(bed, alice, (now) => aRecord(now));
    await bed.clock.moment();
    let reads = 0;
    const { moment, found } = await bed.clock.reading(async () => {
      reads++;
      const found = (await entriesOf(peer.store.load([alice])))[0]?.devices[0]?.leaseUntil ?? 0;
      if (reads === 1) {
        // This process pauses; somebody else renews meanwhile.
        await peer.store.renew([aRenewal(alice)]);
        skippedMs += 150_000;
      }
      return found;
    });
    expect(reads).toBe(2);
    expect(found).toBe((await entriesOf(peer.store.load([alice])))[0]?.devices[0]?.leaseUntil);
    expect(moment.now).toBeLessThanOrEqual(await redisTime());
    peer.close();
  });

  test("has a moment no later than what was read", async () => {
    const { moment, found } = await bed.clock.reading(() => redisTime());
    expect(moment.now).toBeLessThanOrEqual(found);
  });
});
