import { describe, expect, test } from "vitest";
import { longAgo, millis } from "./time.ts";
import { advanceClock, type WatchClock } from "./watch-clock.ts";

const policy = { gapMs: 5_000, leaseTtlMs: 120_000, heartbeatIntervalMs: 30_000 };
const clock: WatchClock = { tick: millis(100_000), window: undefined, blindUntil: longAgo };
const remembered = { tick: millis(100_000), kept: true };

describe("the watch clock", () => {
  test("a first start opens no window", () => {
    expect(advanceClock(undefined, millis(5), undefined, policy)).toEqual({ tick: 5, window: undefined, blindUntil: 0 });
  });

  test("a sweep within the gap only moves the tick", () => {
    expect(advanceClock(clock, millis(105_000), remembered, policy)).toEqual({ tick: 105_000, window: undefined, blindUntil: 0 });
  });

  test("a longer pause opens a window from the gap's end until a lease from now", () => {
    expect(advanceClock(clock, millis(105_001), remembered, policy)).toEqual({
      tick: 105_001,
      window: { from: 105_000, until: 225_001 },
      blindUntil: 0,
    });
  });

  test("a newcomer that finds an old clock opens a window too", () => {
    expect(advanceClock(clock, millis(400_000), undefined, policy).window).toEqual({ from: 105_000, until: 520_000 });
  });

  test("a pause inside a window prolongs it, and keeps its beginning", () => {
    const first = advanceClock(clock, millis(200_000), remembered, policy);
    const second = advanceClock(first, millis(300_000), { tick: first.tick, kept: true }, policy);
    expect(second.window).toEqual({ from: 105_000, until: 420_000 });
  });

  test("a pause after a window is over begins a new one", () => {
    const first = advanceClock(clock, millis(200_000), remembered, policy);
    const watched = { ...first, tick: millis(500_000) };
    expect(advanceClock(watched, millis(600_000), { tick: watched.tick, kept: true }, policy).window).toEqual({
      from: 505_000,
      until: 720_000,
    });
  });

  test("a window stays known after it is over", () => {
    const first = advanceClock(clock, millis(200_000), remembered, policy);
    const later = { ...first, tick: millis(500_000) };
    expect(advanceClock(later, millis(500_250), { tick: later.tick, kept: true }, policy).window).toEqual(first.window);
  });

  test("lost writes open a window and blind for a heartbeat and its jitter", () => {
    const lost = advanceClock(clock, millis(101_000), { tick: millis(100_900), kept: false }, policy);
    expect(lost).toEqual({ tick: 101_000, window: { from: 105_000, until: 221_000 }, blindUntil: 101_000 + 33_000 + 1_000 });
  });

  test("an empty store that forgot a tick has lost writes; the caller's memory stands in for its clock", () => {
    const lost = advanceClock(undefined, millis(300_000), { tick: millis(100_000), kept: false }, policy);
    expect(lost).toEqual({ tick: 300_000, window: { from: 105_000, until: 420_000 }, blindUntil: 334_000 });
  });

  test("time that runs backwards stands still", () => {
    expect(advanceClock(clock, millis(50_000), remembered, policy).tick).toBe(100_000);
  });
});
