import { expect, test } from "vitest";
import { TokenBuckets } from "./token-buckets.ts";

test("a caller may do what the burst allows at once, and then as much as the rate", () => {
  const buckets = new TokenBuckets(10, 3);
  expect([0, 0, 0, 0].map((now) => buckets.take("alice", now))).toEqual([0, 0, 0, 100]);
  expect(buckets.take("alice", 50)).toBe(50);
  expect(buckets.take("alice", 100)).toBe(0);
  expect(buckets.take("alice", 100)).toBe(100);
});

test("nobody pays for another", () => {
  const buckets = new TokenBuckets(1, 1);
  expect([buckets.take("alice", 0), buckets.take("alice", 0), buckets.take("bob", 0)]).toEqual([0, 1_000, 0]);
});

test("rest fills up to the burst and no further, and a clock that stands costs nothing", () => {
  const buckets = new TokenBuckets(10, 2);
  buckets.take("alice", 0);
  expect([1e9, 1e9, 1e9, 1e9 - 50].map((now) => buckets.take("alice", now))).toEqual([0, 0, 100, 100]);
});

test("who is at rest is forgotten, so that memory stays with those who call", () => {
  const buckets = new TokenBuckets(10, 5);
  for (let caller = 0; caller < 100_000; caller++) buckets.take(`caller-${caller}`, caller);
  expect(buckets.size).toBeLessThanOrEqual(20_000);
});
