import { describe, expect, test } from "vitest";
import { longAgo, millis } from "./time.ts";
import { advanceClock, type WatchClock } from "./watch-clock.ts";

const policy = { gapMs: 5_000, leaseTtlMs: 120_000, heartbeatIntervalMs: 30_000 };
const clock: WatchClock = { tick: millis(100_000), window: undefined, blindUntil: longAgo, lostAt: longAgo };
const firstTick = { tick: undefined, kept: true, otherRun: false };
const remembered = { tick: millis(100_000), kept: true, otherRun: false };

describe("the watch clock", () => {
  test("a first start opens no window", () => {
    expect(advanceClock(undefined, millis(5), firstTick, policy)).toEqual({ tick: 5, window: undefined, blindUntil: 0, lostAt: 0 });
  });

  test("a sweep within the gap only moves the tick", () => {
    expect(advanceClock(clock, millis(105_000), remembered, policy)).toEqual({
      tick: 105_000,
      window: undefined,
      blindUntil: 0,
      lostAt: 0,
    });
  });

  test("a longer pause opens a window from the gap's end until a lease from now", () => {
    expect(advanceClock(clock, millis(105_001), remembered, policy)).toEqual({
      tick: 105_001,
      window: { from: 105_000, until: 225_001 },
      blindUntil: 0,
      lostAt: 0,
    });
  });

  test("a newcomer that finds an old clock opens a window too", () => {
    expect(advanceClock(clock, millis(400_000), firstTick, policy).window).toEqual({ from: 105_000, until: 520_000 });
  });

  test("a pause inside a window prolongs it, and keeps its beginning", () => {
    const first = advanceClock(clock, millis(200_000), remembered, policy);
    const second = advanceClock(first, millis(300_000), { tick: first.tick, kept: true, otherRun: false }, policy);
    expect(second.window).toEqual({ from: 105_000, until: 420_000 });
  });

  test("a pause after a window is over begins a new one", () => {
    const first = advanceClock(clock, millis(200_000), remembered, policy);
    const watched = { ...first, tick: millis(500_000) };
    expect(advanceClock(watched, millis(600_000), { tick: watched.tick, kept: true, otherRun: false }, policy).window).toEqual({
      from: 505_000,
      until: 720_000,
      before: first.window,
    });
  });

  test("the last four windows are kept, since deadlines may lie in each that nobody has settled yet", () => {
    let moving = clock;
    for (let minutes = 10; minutes <= 60; minutes += 10) {
      moving = advanceClock({ ...moving, tick: millis(minutes * 60_000) }, millis(minutes * 60_000 + 10_000), remembered, policy);
    }
    const begun: number[] = [];
    for (let window = moving.window; window !== undefined; window = window.before) begun.push(window.from);
    expect(begun).toEqual([60, 50, 40, 30].map((minutes) => minutes * 60_000 + policy.gapMs));
  });

  test("a pause while we are blind begins that anew: nobody could be heard in it", () => {
    const blind = { ...clock, blindUntil: millis(110_000) };
    expect(advanceClock(blind, millis(130_000), remembered, policy).blindUntil).toBe(130_000 + 34_000);
    expect(advanceClock({ ...blind, blindUntil: millis(99_000) }, millis(130_000), remembered, policy).blindUntil).toBe(99_000);
    expect(advanceClock(blind, millis(104_000), remembered, policy).blindUntil).toBe(110_000);
  });

  test("a window stays known after it is over", () => {
    const first = advanceClock(clock, millis(200_000), remembered, policy);
    const later = { ...first, tick: millis(500_000) };
    expect(advanceClock(later, millis(500_250), { tick: later.tick, kept: true, otherRun: false }, policy).window).toEqual(first.window);
  });

  test("lost writes open a window and blind for a heartbeat and its jitter", () => {
    const lost = advanceClock(clock, millis(101_000), { tick: millis(100_900), kept: false, otherRun: false }, policy);
    expect(lost).toEqual({
      tick: 101_000,
      window: { from: 105_000, until: 221_000 },
      blindUntil: 101_000 + 33_000 + 1_000,
      lostAt: 101_000,
    });
  });

  test("an empty store that forgot a tick has lost writes; the caller's memory stands in for its clock", () => {
    const lost = advanceClock(undefined, millis(300_000), { tick: millis(100_000), kept: false, otherRun: false }, policy);
    expect(lost).toEqual({ tick: 300_000, window: { from: 105_000, until: 420_000 }, blindUntil: 334_000, lostAt: 300_000 });
  });

  test("lost writes are noticed once: a server that ticked last before that has nothing to add", () => {
    const noticed = { ...clock, tick: millis(101_000), blindUntil: millis(135_000), lostAt: millis(101_000) };
    const other = { tick: millis(100_950), kept: false, otherRun: false };
    expect(advanceClock(noticed, millis(101_200), other, policy)).toEqual({ ...noticed, tick: 101_200 });
    expect(advanceClock(noticed, millis(101_200), { ...other, tick: millis(101_100) }, policy).blindUntil).toBe(135_200);
  });

  test("another run of the store counts as lost writes, whoever ticks first", () => {
    expect(advanceClock(clock, millis(101_000), { ...firstTick, otherRun: true }, policy)).toMatchObject({
      blindUntil: 135_000,
      lostAt: 101_000,
    });
  });

  test("a store whose time is behind what a server has seen goes on from there", () => {
    expect(advanceClock(undefined, millis(50_000), { tick: millis(60_000), kept: false, otherRun: false }, policy).tick).toBe(60_000);
  });

  test("time that runs backwards stands still", () => {
    expect(advanceClock(clock, millis(50_000), remembered, policy).tick).toBe(100_000);
  });
});
