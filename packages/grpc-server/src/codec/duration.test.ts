import { describe, expect, test } from "vitest";
import { durationMs, toDuration } from "./duration.ts";

describe("durations", () => {
  test.each([
    [0n, 0, 0],
    [1n, 500_000_000, 1_500],
    [0n, 1, 1],
    [2n, 999_999, 2_001],
    [0n, 1_000_000, 1],
    [-1n, -500_000_000, -1_500],
    [0n, -1, -1],
    [315_576_000_000n, 0, 315_576_000_000_000],
  ])("%s s and %s ns are %s ms: a part of a millisecond counts as a whole one", (seconds, nanos, ms) => {
    expect(durationMs({ seconds, nanos }, "f")).toBe(ms);
  });

  test("absent stays absent", () => {
    expect(durationMs(undefined, "f")).toBeUndefined();
  });

  test.each([0, 1, 999, 1_000, 120_000, 1_500, 31_622_400_000])("%s ms go there and back", (ms) => {
    expect(durationMs(toDuration(ms), "f")).toBe(ms);
  });
});
