import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Health } from "./health.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Sweeps answer every 250 ms for so long. */
function sweeps(health: Health, forMs: number): void {
  for (let ms = 0; ms < forMs; ms += 250) {
    health.set(true);
    vi.advanceTimersByTime(250);
  }
}

describe("the health of a server", () => {
  test("begins with NOT_SERVING, until a sweep succeeds", () => {
    const health = new Health();
    expect(health.notServing).toBe("no sweep has succeeded yet");
    health.set(false);
    expect(health.notServing).toBe("no sweep has succeeded yet");
    health.set(true);
    expect(health.notServing).toBeUndefined();
    health.drain();
  });

  test("outlives one failed sweep, not two in a row", () => {
    const health = new Health();
    health.set(true);
    for (let time = 0; time < 5; time++) {
      health.set(false);
      expect(health.notServing).toBeUndefined();
      health.set(true);
    }
    health.set(false);
    health.set(false);
    expect(health.notServing).toBe("the store does not answer");
    health.set(true);
    expect(health.notServing).toBeUndefined();
    health.drain();
  });

  test("ends when sweeps fall silent, and comes back with them", () => {
    const health = new Health();
    sweeps(health, 10_000);
    expect(health.notServing).toBeUndefined();
    vi.advanceTimersByTime(1_750);
    expect(health.notServing).toBeUndefined();
    vi.advanceTimersByTime(750);
    expect(health.notServing).toBe("sweeps do not run");
    health.set(true);
    expect(health.notServing).toBeUndefined();
    health.drain();
  });

  test("is over once the server ends, whatever the store says", () => {
    const health = new Health();
    health.set(true);
    health.drain();
    health.set(true);
    vi.advanceTimersByTime(10_000);
    expect(health.notServing).toBe("the server is ending");
    expect(vi.getTimerCount()).toBe(0);
  });
});
