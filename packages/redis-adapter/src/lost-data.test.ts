import { parseUserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { alice, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";

let redis: RunningRedis;
let on: ServiceOnRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  on = await serviceOnRedis(redis);
});
afterEach(() => on.close());

const bob = parseUserId("bob");

describe("a Redis that dies and starts empty", () => {
  test("tells nobody OFFLINE who may only have been lost, and takes signs of life within 2 s", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    await redis.kill();
    await redis.restart();
    const from = performance.now();
    await vi.waitFor(() => expect(on.service.get(bob)).rejects.toThrow("the store has lost writes"), { timeout: 5_000, interval: 10 });
    expect(performance.now() - from).toBeLessThan(2_000);
    await expect(on.service.get(alice)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    // A heartbeat of one who is not known is a connect.
    expect((await on.service.heartbeat({ userId: alice, deviceId: phone })).presence.status).toBe("ONLINE");
    expect((await on.service.get(alice)).presence.status).toBe("ONLINE");
    // A server that starts now remembers nothing, but finds what the other one told Redis.
    const newcomer = await on.another();
    await expect(newcomer.get(bob)).rejects.toThrow("the store has lost writes");
    expect((await newcomer.get(alice)).presence.status).toBe("ONLINE");
  });
});

describe("many calls while Redis is away", () => {
  test("fail each at once; none waits in a queue for Redis to be back", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    await redis.kill();
    const from = performance.now();
    const results = await Promise.allSettled(Array.from({ length: 10_000 }, () => on.service.get(alice)));
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(new Set(results.map((result) => (result.status === "rejected" ? result.reason.code : "answered")))).toEqual(
      new Set(["UNAVAILABLE"]),
    );
    await redis.restart();
    await vi.waitFor(() => on.service.connect({ userId: alice, deviceId: phone }), { timeout: 2_000, interval: 10 });
    // Had they waited, they would have been sent now.
    expect(Number(/cmdstat_mget:calls=(\d+)/.exec(await on.others.info("commandstats"))?.[1] ?? 0)).toBeLessThan(100);
  });
});
