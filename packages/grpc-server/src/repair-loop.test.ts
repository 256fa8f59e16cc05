import { setTimeout as sleep } from "node:timers/promises";
import { PresenceService, parseDeviceId, parseUserId, presencePolicy } from "@presence/domain";
import { type RedisAdapter, redisAdapter } from "@presence/redis-adapter";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SweepLoop } from "./sweep-loop.ts";

// Of a gap that a busy machine keeps: a longer pause between two sweeps would make every lease count longer.
const policy = presencePolicy({ leaseTtlMs: 3_000, heartbeatIntervalMs: 1_000, graceMs: 0 });
const users = Array.from({ length: 300 }, (_, index) => parseUserId(`user:${index}`));
const phone = parseDeviceId("phone");
let redis: RunningRedis;
let others: Redis;
let adapters: RedisAdapter[];
let loops: SweepLoop[];
let lines: { msg: string; users?: number }[];

beforeEach(async () => {
  redis = await startRedis();
  others = new Redis(redis.url);
  [adapters, loops, lines] = [[], [], []];
});
afterEach(async () => {
  for (const loop of loops) await loop.stop();
  for (const adapter of adapters) adapter.close();
  others.disconnect();
  await redis.stop();
});

/** A server as far as it sweeps. */
async function server(): Promise<PresenceService> {
  const adapter = redisAdapter({ url: redis.url, policy });
  adapters.push(adapter);
  const service = new PresenceService({ ...adapter, policy });
  await vi.waitFor(() => adapter.store.load([]), { timeout: 3_000, interval: 10 });
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const loop = new SweepLoop({ service, log });
  loops.push(loop);
  loop.start();
  return service;
}

async function loseDueEntries(): Promise<void> {
  const keys = await others.keys("presence:{due:*");
  if (keys.length > 0) await others.del(keys);
}

/** How many records say OFFLINE, whoever reads them: written down, not only worked out. */
async function writtenOffline(): Promise<number> {
  const records = await others.mget(users.map((userId) => `presence:{session:${userId}}:${userId}`));
  return records.filter((record) => record?.includes(" OFFLINE ")).length;
}

test("due entries that are deleted by hand are written again, and users become OFFLINE all the same", async () => {
  const [service] = [await server(), await server()];
  await service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
  await loseDueEntries();
  await vi.waitFor(async () => expect(await writtenOffline()).toBe(users.length), { timeout: 15_000, interval: 50 });
});

test("users who are alive stay so, however often the entries are lost", async () => {
  const service = await server();
  for (const end = Date.now() + 5_000; Date.now() < end; await sleep(500)) {
    await service.heartbeats(users.map((userId) => ({ userId, deviceId: phone })));
    await loseDueEntries();
  }
  expect(await writtenOffline()).toBe(0);
});

test("a record that cannot be read is one line a round, for all of them", async () => {
  for (const userId of users.slice(0, 20)) await others.set(`presence:{session:${userId}}:${userId}`, "2 of a newer server");
  await server();
  await vi.waitFor(() => expect(lines).not.toEqual([]), { timeout: 3_000, interval: 20 });
  expect(lines[0]).toMatchObject({ users: 20, msg: expect.stringContaining("records cannot be read") });
  await sleep(300);
  expect(lines.length).toBeLessThanOrEqual(2);
});
