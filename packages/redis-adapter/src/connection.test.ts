import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { connectRedis } from "./connection.ts";

let redis: RunningRedis;
let client: Redis;
const info = vi.fn();
const warn = vi.fn();

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(() => {
  info.mockClear();
  warn.mockClear();
});
afterEach(() => client.disconnect());

const connect = () => connectRedis({ url: redis.url, commandTimeoutMs: 200 }, "a test", { info, warn });
const works = () => vi.waitFor(() => client.ping(), { timeout: 3_000, interval: 10 });

/** What ioredis holds: without a connection, and without an answer. It has no public name for either. */
function queued(): readonly number[] {
  const { offlineQueue, commandQueue } = client as unknown as Record<"offlineQueue" | "commandQueue", { readonly length: number }>;
  return [offlineQueue.length, commandQueue.length];
}

describe("a connection", () => {
  test("queues nothing while there is none, not even while it is being made", async () => {
    client = connect();
    const results = Promise.allSettled(Array.from({ length: 1_000 }, () => client.get("key")));
    expect(queued()).toEqual([0, 0]);
    expect((await results).every(({ status }) => status === "rejected")).toBe(true);
    await works();
  });

  test("says once that it is lost, however often it tries, and once that it is back", async () => {
    client = connect();
    await works();
    await redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await redis.restart();
    await works();
    expect(warn.mock.calls.map(([message]) => message)).toEqual(["no connection to Redis for a test; trying again until there is one"]);
    expect(info.mock.calls).toEqual([["connected to Redis again for a test"]]);
  });

  test("fails what is not answered in time, and what was on its way when it broke, and sends none of it again", async () => {
    client = connect();
    await works();
    redis.pause();
    const from = performance.now();
    await expect(client.incr("slow")).rejects.toThrow("timed out");
    expect(performance.now() - from).toBeLessThan(400);
    const broken = client.incr("broken");
    client.stream.destroy();
    await expect(broken).rejects.toThrow();
    redis.resume();
    await works();
    expect(queued()).toEqual([0, 0]);
    // Whether Redis has carried them out, nobody knows; but not twice.
    expect(Number(await client.get("slow"))).toBeLessThanOrEqual(1);
    expect(Number(await client.get("broken"))).toBeLessThanOrEqual(1);
  });
});
