import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, beforeAll, expect, test } from "vitest";
import { costPerUser } from "../bench/batch-read.ts";

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

test("a batch read of 100 users costs this process much less than 100 commands", async () => {
  // A ratio within one run, so that a slow machine is no failure; a disturbed run may be repeated.
  const ratios: number[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const { load, hashes } = await costPerUser(redis.url, 5);
    ratios.push(load / hashes);
    if (load < 0.6 * hashes) return;
  }
  expect(Math.min(...ratios)).toBeLessThan(0.6);
});
