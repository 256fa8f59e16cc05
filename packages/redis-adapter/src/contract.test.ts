import { partyContract, sessionContract, storeContract } from "@presence/domain/testing";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, beforeAll, describe, test } from "vitest";
import { oneRedis, redisHarness } from "./redis-harness.fixture.ts";

let redis: RunningRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe("the Redis adapter keeps the contract", () => {
  for (const rule of [...storeContract, ...sessionContract, ...partyContract]) {
    test(rule.name, () => rule.run((options) => redisHarness(oneRedis(redis), options)));
  }
});
