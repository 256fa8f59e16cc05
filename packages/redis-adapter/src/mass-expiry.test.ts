import { randomUUID } from "node:crypto";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Crowd, fill, mistakes } from "../bench/crowd.ts";
import { connectTo, percentile, ready, sweepAndServe } from "../bench/sweeper.ts";

let redis: RunningRedis;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

// Its long version, with a million users and servers in processes of their own, is bench/mass-expiry.ts.
test("of 20,000 users 5,000 lapse within a second: two servers write each OFFLINE exactly once, none early, and touch nobody else", async () => {
  const crowd: Crowd = { name: randomUUID().slice(0, 8), users: 20_000, lapsing: 5_000 };
  const adapter = connectTo(redis.url, crowd.name);
  await ready(adapter);
  const start = await fill(adapter.store, client, crowd, 3_000);
  await client.config("RESETSTAT");
  const moved = [0, 0];
  const giveUpAt = Date.now() + 15_000;
  const swept = await Promise.all(
    moved.map((_, server) => {
      const isOver = (moves: number) => {
        moved[server] = moves;
        return moved.reduce((sum, some) => sum + some, 0) >= crowd.lapsing || Date.now() > giveUpAt;
      };
      return sweepAndServe({ url: redis.url, crowd, server, servers: moved.length, isOver });
    }),
  );
  const took = Math.max(...swept.map(({ lastMoveAt }) => lastMoveAt)) - start;
  const live = swept.flatMap(({ reads, heartbeats }) => [...reads, ...heartbeats]);
  const [, scripts] = /latency_percentiles_usec_evalsha:(\S+)/.exec(await client.info("latencystats")) ?? [];
  console.log(
    `5,000 of 20,000 OFFLINE ${took} ms after the first lease ended; by server ${moved.join(", ")}; ` +
      `live calls p50 ${percentile(live, 50).toFixed(1)} ms, p99 ${percentile(live, 99).toFixed(1)} ms; scripts ${scripts} µs`,
  );
  expect(swept.reduce((sum, { moves }) => sum + moves, 0)).toBe(crowd.lapsing);
  expect(Math.min(...swept.map(({ firstMoveAt }) => firstMoveAt))).toBeGreaterThanOrEqual(start);
  expect(await mistakes(adapter.store, crowd, start)).toEqual([]);
  // Nobody is held any more, and each who lives is still due some time.
  expect((await adapter.store.claimDue(1)).userIds).toEqual([]);
  adapter.close();
});
