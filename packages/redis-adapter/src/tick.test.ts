import {
  advanceClock,
  defaultPolicy,
  longAgo,
  millis,
  type WatchClock,
  type WatchClockPolicy,
  type Window,
  watchGapMs,
} from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Keys } from "./keys.ts";
import { roundTrip } from "./round-trip.ts";
import { tickCall } from "./script-calls.ts";
import { standaloneLink } from "./standalone-link.ts";

let redis: RunningRedis;
let client: Redis;
/** The run of this Redis. */
let run: string;
beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  run = /run_id:(\w+)/.exec(await client.info("server"))?.[1] ?? "";
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

const keys = new Keys();
const { leaseTtlMs, heartbeatIntervalMs } = defaultPolicy;
const policy: WatchClockPolicy = { gapMs: watchGapMs(defaultPolicy), leaseTtlMs, heartbeatIntervalMs };

async function tick(acknowledged: number | undefined, mastersChanged?: boolean) {
  const memory = { acknowledged: acknowledged === undefined ? undefined : millis(acknowledged), mastersChanged };
  const { command, result } = tickCall(keys, "s1", memory, defaultPolicy);
  const [answer] = await roundTrip(standaloneLink(client), [command]);
  return result(answer);
}

async function time(): Promise<number> {
  const [seconds, micros] = await client.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** Milliseconds from now: near the gap, near a lease, far away, and in the future, as after a step of Redis's clock. */
const anOffset = fc.oneof(
  fc.integer({ min: -20_000, max: 20_000 }),
  fc.integer({ min: -300_000, max: 300_000 }),
  fc.integer({ min: -2 * policy.gapMs, max: 0 }),
);
/** Where the last window ends: anywhere, and right where the next one would begin. */
const anEnd = fc.oneof(fc.record({ lasting: fc.nat(200_000) }), fc.record({ beyondGap: fc.integer({ min: -1, max: 1 }) }));
/** Earlier windows, the newest first. */
const earlier = fc.array(fc.record({ from: anOffset, lasting: fc.nat(200_000) }), { maxLength: 3 });
const aWindow = fc.record({ from: anOffset, end: anEnd, earlier });
const stored = fc.option(
  fc.record({
    tick: anOffset,
    window: fc.option(aWindow),
    blind: fc.option(anOffset),
    run: fc.constantFrom("this one", "another one", "unknown"),
    lost: fc.option(anOffset),
  }),
);
/** The caller's last tick; how the store's own memory of it differs, null: it has none. */
const remembered = fc.option(fc.record({ tick: anOffset, own: fc.option(fc.integer({ min: -3, max: 3 })) }));

function endOf(
  lastTick: number,
  { from, end }: { readonly from: number; readonly end: { lasting: number } | { beyondGap: number } },
): number {
  return "lasting" in end ? from + end.lasting : lastTick + policy.gapMs + end.beyondGap;
}

function earlierText(window: Window | undefined): string {
  const texts: string[] = [];
  for (let one = window?.before; one !== undefined; one = one.before) texts.push(`${one.from}-${one.until}`);
  return texts.join(" ");
}

test("a tick moves the clock exactly as the domain's rule does", async () => {
  await fc.assert(
    fc.asyncProperty(stored, remembered, async (clock, memory) => {
      await client.del(keys.clock);
      const start = await time();
      let before: WatchClock | undefined;
      if (clock !== null) {
        const { window } = clock;
        const chain = (window?.earlier ?? []).reduceRight<Window | undefined>(
          (rest, { from, lasting }) => ({ from: millis(start + from), until: millis(start + from + lasting), before: rest }),
          undefined,
        );
        before = {
          tick: millis(start + clock.tick),
          window:
            window === null
              ? undefined
              : { from: millis(start + window.from), until: millis(start + endOf(clock.tick, window)), before: chain },
          blindUntil: clock.blind === null ? longAgo : millis(start + clock.blind),
          lostAt: clock.lost === null ? longAgo : millis(start + clock.lost),
        };
        const { from = 0, until = 0 } = before.window ?? {};
        await client.hset(keys.clock, {
          tick: before.tick,
          from,
          until,
          blind: before.blindUntil,
          lost: before.lostAt,
          before: earlierText(before.window),
        });
        if (clock.run !== "unknown") await client.hset(keys.clock, { run: clock.run === "this one" ? run : "0123abc" });
      }
      const acknowledged = memory === null ? undefined : millis(start + memory.tick);
      const own = memory === null || memory.own === null || clock === null ? undefined : start + memory.tick + memory.own;
      if (own !== undefined) await client.hset(keys.clock, { "server:s1": own });

      const moment = await tick(acknowledged);

      // What Redis's time was, only Redis knows: where it decided, it is the new tick; where the old tick is ahead of it, any earlier time does the same.
      const kept = acknowledged !== undefined && own !== undefined && own >= acknowledged;
      const otherRun = clock?.run === "another one";
      const expected = advanceClock(before, moment.now, { tick: acknowledged, kept, otherRun }, policy);
      expect(moment).toEqual({ now: expected.tick, window: expected.window, blindUntil: expected.blindUntil, lostAt: expected.lostAt });
      expect(moment.now).toBeGreaterThanOrEqual(start);
      const { from = 0, until = 0 } = expected.window ?? {};
      const texts = { before: earlierText(expected.window), run };
      const times = { tick: expected.tick, from, until, blind: expected.blindUntil, lost: expected.lostAt, "server:s1": expected.tick };
      const { before: written = "", ...others } = await client.hgetall(keys.clock);
      expect({ ...others, before: written.trim() }).toEqual({
        ...texts,
        ...Object.fromEntries(Object.entries(times).map(([name, value]) => [name, String(value)])),
      });
    }),
    { numRuns: 400 },
  );
});

test("servers that have not ticked for a day are forgotten where there are many", async () => {
  await client.del(keys.clock);
  const now = await time();
  const old = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`server:old${index}`, now - 86_500_000]));
  await client.hset(keys.clock, { ...old, tick: now, from: 0, until: 0, blind: 0, "server:other": now - 1_000 });
  await tick(undefined);
  expect(Object.keys(await client.hgetall(keys.clock)).sort()).toEqual([
    "before",
    "blind",
    "from",
    "lost",
    "run",
    "server:other",
    "server:s1",
    "tick",
    "until",
  ]);
});

test("a master that has changed counts as lost writes, whatever the clock itself says", async () => {
  await client.del(keys.clock);
  const first = await tick(undefined);
  expect(first.blindUntil).toBe(0);
  const second = await tick(first.now, true);
  expect(second.window).toEqual({ from: first.now + policy.gapMs, until: second.now + leaseTtlMs });
  expect(second.blindUntil).toBeGreaterThan(second.now + heartbeatIntervalMs);
});
