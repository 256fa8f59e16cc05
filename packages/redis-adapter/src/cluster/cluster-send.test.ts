import { type RunningCluster, startCluster } from "@presence/redis-fixture";
import type { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Command } from "../link.ts";
import { sendToCluster } from "./cluster-send.ts";
import { connectCluster, ownerOf, ownersOf } from "./connect-cluster.ts";
import { slotOf } from "./key-slot.ts";

const silent = { info: () => {}, warn: () => {} };

let redis: RunningCluster;
let cluster: Cluster;
let close: () => void;

beforeAll(async () => {
  redis = await startCluster({ replicas: 0 });
  ({ cluster, close } = connectCluster(redis.addresses.split(","), {}, silent, { onLost: () => {} }));
  await new Promise((resolve) => cluster.once("ready", resolve));
}, 60_000);
afterAll(async () => {
  close();
  await redis.stop();
});

const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);

describe("commands to a cluster", () => {
  test("are sent to the nodes that serve their keys, and answered in order", async () => {
    expect(ownersOf(cluster).size).toBe(3);
    await sendToCluster(
      cluster,
      keys.map((key): Command => ["SET", key, `${key}'s value`]),
    );
    const answers = await sendToCluster(
      cluster,
      keys.map((key): Command => ["GET", key]),
    );
    expect(answers).toEqual(keys.map((key) => [null, `${key}'s value`]));
  });

  test("may read many keys at once, whatever their slots", async () => {
    const [answer] = await sendToCluster(cluster, [["MGET", ...keys, "nothing"]]);
    expect(answer).toEqual([null, [...keys.map((key) => `${key}'s value`), null]]);
  });

  test("follow a slot that has moved, and one that is on its way", async () => {
    const key = keys[0] ?? "";
    const slot = slotOf(key);
    const from = await redis.ownerOf(slot);
    const to = (await redis.masters()).find((node) => node !== from) ?? from;
    await redis.migrate(slot, to);
    const read: readonly Command[] = [
      ["GET", key],
      ["SET", key, "moved"],
      ["GET", key],
    ];
    expect((await sendToCluster(cluster, read)).map(([error]) => error)).toEqual([null, null, null]);
    await expect.poll(() => ownerOf(cluster, slot)).toBe(`127.0.0.1:${to.port}`);
    expect(await sendToCluster(cluster, [["GET", key]])).toEqual([[null, "moved"]]);
    // On its way back: the old owner has nothing any more, and says whom to ask.
    const [fromId, toId] = await Promise.all([from.ask("CLUSTER MYID"), to.ask("CLUSTER MYID")]);
    await from.ask(`CLUSTER SETSLOT ${slot} IMPORTING ${toId}`);
    await to.ask(`CLUSTER SETSLOT ${slot} MIGRATING ${fromId}`);
    await to.ask(`MIGRATE 127.0.0.1 ${from.port} ${key} 0 1000`);
    expect(await sendToCluster(cluster, [["GET", key]])).toEqual([[null, "moved"]]);
    await redis.migrate(slot, from);
  });

  test("that are refused are refused alone", async () => {
    const answers = await sendToCluster(cluster, [
      ["SET", "a", "text"],
      ["INCR", "a"],
      ["GET", "a"],
    ]);
    expect(answers.map(([error]) => error?.message.split(" ")[0])).toEqual([undefined, "ERR", undefined]);
  });
});
