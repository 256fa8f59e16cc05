import { partyContract, sessionContract, storeContract } from "@presence/domain/testing";
import { type RunningCluster, startCluster } from "@presence/redis-fixture";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, test } from "vitest";
import { redisHarness, type TestRedis } from "../redis-harness.fixture.ts";

let cluster: RunningCluster;
let redis: TestRedis;

beforeAll(async () => {
  cluster = await startCluster();
  const nodes = cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
  redis = { address: { cluster: cluster.addresses.split(",") }, connect: () => new Cluster(nodes) };
}, 60_000);
afterAll(() => cluster.stop());

// Records, sessions, due sets, claims and the clock lie on different nodes: a script that touched two of them would be refused.
describe("the Redis adapter keeps the contract on a cluster", () => {
  for (const rule of [...storeContract, ...sessionContract, ...partyContract]) {
    test(rule.name, () => rule.run((options) => redisHarness(redis, options)));
  }
});
