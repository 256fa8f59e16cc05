import { expect, test } from "vitest";
import { monotonicClock } from "./monotonic-clock.ts";

function machine() {
  const at = { wall: 1_000_000, elapsed: 0 };
  const clock = monotonicClock(
    () => at.wall,
    () => at.elapsed,
  );
  return { at, clock };
}

test("the clock follows the wall clock", () => {
  const { at, clock } = machine();
  at.wall += 250;
  at.elapsed += 250;
  expect(clock()).toBe(1_000_250);
});

test("set back by an hour, the clock goes on at the pace of real time", () => {
  const { at, clock } = machine();
  at.wall -= 3_600_000;
  expect(clock()).toBe(1_000_000);
  at.elapsed += 700;
  expect(clock()).toBe(1_000_700);
});

test("after a sleep of the machine, in which elapsed time stood still, the clock is right again", () => {
  const { at, clock } = machine();
  at.wall += 28_800_000;
  expect(clock()).toBe(1_000_000 + 28_800_000);
});
