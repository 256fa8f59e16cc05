import { performance } from "node:perf_hooks";
import { type PresenceServiceClient, Status, type WatchPresenceResponse } from "@presence/proto";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { connectTo, eventually } from "./stream-client.fixture.ts";

const watchCount = 1_000;
const usersPerWatch = 5;
const userCount = 500;
const changeCount = 10_000;
const changesAtOnce = 50;

let redis: RunningRedis;
const servers: RunningServer[] = [];
const clients: PresenceServiceClient[] = [];

beforeAll(async () => {
  redis = await startRedis();
  for (let index = 0; index < 3; index++) servers.push(await startServer({ REDIS_URL: redis.url }));
  for (const { address } of servers) clients.push(connectTo(address));
});
afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all(servers.map((server) => server.close()));
  await redis.stop();
});

function pick<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** The versions that one watcher was told, and those that went back. */
class Watcher {
  readonly versions = new Map<string, bigint>();
  regressions = 0;
  snapshots = 0;

  constructor(client: PresenceServiceClient, userIds: readonly string[], onTold: (userId: string, version: bigint) => void) {
    const stream = client.watchPresence({ userIds: [...userIds] });
    stream.on("error", () => {});
    stream.on("data", ({ event }: WatchPresenceResponse) => {
      if (event?.$case === "snapshot") this.snapshots++;
      const presences = event?.$case === "snapshot" ? event.value.presences : event?.$case === "change" ? [event.value.presence] : [];
      for (const presence of presences) {
        if (presence === undefined) continue;
        const before = this.versions.get(presence.userId) ?? -1n;
        if (presence.version < before) this.regressions++;
        this.versions.set(presence.userId, presence.version);
        onTold(presence.userId, presence.version);
      }
    });
  }
}

test(`three servers, ${watchCount} watches, ${changeCount} changes: nothing is missed, nothing goes back`, {
  timeout: 120_000,
}, async () => {
  const committedAt = new Map<string, number>();
  const delays: number[] = [];
  const told = (userId: string, version: bigint) => {
    const at = committedAt.get(`${userId} ${version}`);
    if (at !== undefined) delays.push(performance.now() - at);
  };
  const watchers = Array.from({ length: watchCount }, (_, index) => {
    const userIds = Array.from({ length: usersPerWatch }, (_, offset) => `user-${(index * usersPerWatch + offset * 7) % userCount}`);
    return new Watcher(pick(clients, index), [...new Set(userIds)], told);
  });
  await eventually("every watcher has its snapshot", () => watchers.every(({ snapshots }) => snapshots > 0), 20_000);

  const last = new Map<string, bigint>();
  const choices = [Status.ONLINE, Status.AWAY, Status.DND, Status.OFFLINE];
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const change = (userId: string, client: PresenceServiceClient, status: Status) =>
    new Promise<void>((resolve, reject) => {
      const request = { userId, status, reason: 0, expiresIn: undefined, message: "", deviceId: "phone" } as const;
      client.setStatus(request, (error, answer) => {
        if (error !== null) return reject(error);
        const version = answer.presence?.version ?? 0n;
        if (version > (last.get(userId) ?? -1n)) {
          last.set(userId, version);
          committedAt.set(`${userId} ${version}`, performance.now());
        }
        resolve();
      });
    });
  const startedAt = performance.now();
  for (let done = 0; done < changeCount; done += changesAtOnce) {
    await Promise.all(
      Array.from({ length: changesAtOnce }, () => change(`user-${random(userCount)}`, pick(clients, random(3)), pick(choices, random(4)))),
    );
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const missing = () =>
    watchers.reduce(
      (sum, { versions }) => sum + [...versions].filter(([userId, version]) => version !== (last.get(userId) ?? version)).length,
      0,
    );
  await eventually(
    "every watcher has the last state",
    () => missing() === 0,
    15_000,
    () => `${missing()} missing`,
  );

  expect(watchers.reduce((sum, { regressions }) => sum + regressions, 0)).toBe(0);
  delays.sort((a, b) => a - b);
  const at = (part: number) => (delays[Math.floor(part * (delays.length - 1))] ?? 0).toFixed(1);
  // Time from the answer that a change has to what a watcher is told after it; printed, it decides nothing.
  console.log(
    `${Math.round(changeCount / seconds)} changes/s; told after the answer: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; missed 0, regressions 0`,
  );
});
