import { partyContract, sessionContract, storeContract } from "@presence/domain/testing";
import { type RunningSentinels, startSentinels } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, test } from "vitest";
import { redisHarness, type TestRedis } from "./redis-harness.fixture.ts";

let group: RunningSentinels;
let redis: TestRedis;

beforeAll(async () => {
  group = await startSentinels();
  const sentinels = group.addresses.split(",");
  const { url } = await group.master();
  redis = { address: { sentinels, master: group.masterName }, connect: () => new Redis(url) };
}, 60_000);
afterAll(() => group.stop());

describe("the Redis adapter keeps the contract on a sentinel's master", () => {
  for (const rule of [...storeContract, ...sessionContract, ...partyContract]) {
    test(rule.name, () => rule.run((options) => redisHarness(redis, options)));
  }
});
