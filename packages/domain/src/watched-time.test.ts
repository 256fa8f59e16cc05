import { describe, expect, test } from "vitest";
import { longAgo, millis } from "./time.ts";
import { effective, mayBeLost, type Window, windowAround } from "./watched-time.ts";

const first: Window = { from: millis(100), until: millis(200) };
const second: Window = { from: millis(300), until: millis(400), before: first };

describe("watched time", () => {
  test.each([
    [50, 50],
    [100, 100],
    [101, 200],
    [199, 200],
    [200, 200],
    [250, 250],
    [301, 400],
    [400, 400],
  ])("a deadline at %i ends at %i", (deadline, end) => {
    expect(effective(millis(deadline), second)).toBe(end);
  });

  test("a deadline that an earlier window has moved into a later one ends with that", () => {
    const overlapping: Window = { from: millis(150), until: millis(400), before: first };
    expect(effective(millis(120), overlapping)).toBe(400);
  });

  test("without a window a deadline is what it is", () => {
    expect(effective(millis(5), undefined)).toBe(5);
  });

  test("the window around an instant is found, however long ago it was", () => {
    expect(windowAround(millis(150), second)).toEqual(first);
    expect(windowAround(millis(250), second)).toBeUndefined();
  });

  test("what seems missing may be lost in a window, and after lost writes before one has begun", () => {
    const moment = { now: millis(350), aheadMs: 0, window: second, blindUntil: longAgo, lostAt: longAgo };
    expect(mayBeLost(moment)).toBe(true);
    expect(mayBeLost({ ...moment, now: millis(250) })).toBe(false);
    expect(mayBeLost({ ...moment, now: millis(250), blindUntil: millis(251) })).toBe(true);
  });
});
