import { setTimeout as sleep } from "node:timers/promises";
import type { Presence, UserId } from "@presence/domain";
import { parseUserId } from "@presence/domain";
import { type RunningCluster, startCluster } from "@presence/redis-fixture";
import { Cluster } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectRedis } from "../connection.ts";
import { ClusterFeed } from "./cluster-feed.ts";
import { connectCluster } from "./connect-cluster.ts";
import { slotOf } from "./key-slot.ts";

const silent = { info: () => {}, warn: () => {} };
const users = Array.from({ length: 60 }, (_, index) => parseUserId(`user-${index}`));

let redis: RunningCluster;
let cluster: Cluster;
let close: () => void;
/** Who publishes: it may take its time. */
let others: Cluster;
let feed: ClusterFeed;
/** Who is subscribed now, who was told to have a gap, and whose messages came. */
let live: Set<UserId>;
let broken: Set<UserId>;
let heard: string[];

beforeAll(async () => {
  redis = await startCluster();
  others = new Cluster(redis.nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
  others.on("error", () => {});
}, 60_000);
afterAll(async () => {
  others.disconnect();
  await redis.stop();
});
beforeEach(async () => {
  ({ cluster, close } = connectCluster(redis.addresses.split(","), {}, silent, { onLost: () => {} }));
  await new Promise((resolve) => cluster.once("ready", resolve));
  [live, broken, heard] = [new Set(), new Set(), []];
  feed = new ClusterFeed({
    cluster,
    connect: (node) => connectRedis({ url: `redis://${node}` }, "the feed", silent),
    channels: {
      channelOf: (userId) => `channel:{${userId}}`,
      decode: (userId, message) => ({ userId, version: Number(message.toString()) }) as Presence,
    },
    onProblem: () => {},
  });
  feed.listen({
    subscribed: (userIds) => {
      for (const userId of userIds) live.add(userId);
    },
    changed: ({ userId, version }) => void heard.push(`${userId} ${version}`),
    broken: (userIds) => {
      for (const userId of userIds ?? users) {
        broken.add(userId);
        live.delete(userId);
      }
    },
  });
  feed.subscribe(users);
  await expect.poll(() => live.size, { timeout: 5_000 }).toBe(users.length);
});
afterEach(() => {
  feed.close();
  close();
});

const channelOf = (userId: UserId) => `channel:{${userId}}`;

async function publish(version: number): Promise<void> {
  await Promise.all(users.map((userId) => others.spublish(channelOf(userId), String(version))));
}

async function everyoneIsHeard(version: number): Promise<void> {
  await publish(version);
  await expect.poll(() => users.filter((userId) => !heard.includes(`${userId} ${version}`)), { timeout: 5_000 }).toEqual([]);
}

describe("the feed of a cluster", () => {
  test("hears of every user, whichever node serves him, and of nobody else after the end", async () => {
    await everyoneIsHeard(1);
    const [first, ...others] = users;
    if (first === undefined) throw new Error("no users");
    feed.unsubscribe([first]);
    await sleep(100);
    heard = [];
    await publish(2);
    await expect.poll(() => heard.length).toBe(others.length);
    expect(heard).not.toContain(`${first} 2`);
  });

  test("follows a slot that moves, both ways, and tells the gap", async () => {
    const user = users[0] ?? parseUserId("nobody");
    const slot = slotOf(channelOf(user));
    const from = await redis.ownerOf(slot);
    const to = (await redis.masters()).find((node) => node !== from) ?? from;
    for (const target of [to, from]) {
      broken.clear();
      await redis.migrate(slot, target);
      await expect.poll(() => broken.has(user), { timeout: 5_000 }).toBe(true);
      await expect.poll(() => live.size, { timeout: 5_000 }).toBe(users.length);
      heard = [];
      await everyoneIsHeard(3);
    }
  });

  test("follows a replica that becomes master", async () => {
    const [victim] = await redis.masters();
    if (victim === undefined) throw new Error("no master");
    await victim.kill();
    await redis.healthy();
    await expect.poll(() => live.size, { timeout: 10_000 }).toBe(users.length);
    heard = [];
    await everyoneIsHeard(4);
    await victim.restart();
    await redis.healthy();
  }, 60_000);
});
