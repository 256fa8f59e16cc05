import { parseUserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { defaultTemplates, duePartitions, Keys } from "./keys.ts";

// What a slot is and what a pattern matches, Redis itself knows best.

let redis: RunningRedis;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis({ args: ["--cluster-enabled", "yes"] });
  client = new Redis(redis.url);
  await client.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  await vi.waitFor(async () => expect(await client.cluster("INFO")).toContain("cluster_state:ok"), { timeout: 10_000, interval: 20 });
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});
beforeEach(() => client.flushall());

const users = ["alice", "u:1", "a@b.example", "0", "x=", "a/b|c~d+e", "due:1", "clock", "a".repeat(128)].map((id) => parseUserId(id));
const sessionKeys = [
  "session:%s",
  "%s",
  "%s:session",
  "{%s}:session",
  "s:{%s}:x",
  "s:{user-%s}",
  "{sessions}:%s",
  "%s:{all}",
  "s:{a}{%s}",
  "a{{b}:%s",
];

const slotOf = (key: string) => client.cluster("KEYSLOT", key);

describe("in a Redis Cluster", () => {
  test.each(sessionKeys)("a record and its channel lie in the slot of the session: %s", async (sessionKey) => {
    const keys = new Keys({ ...defaultTemplates, sessionKey });
    for (const user of users) {
      const slot = await slotOf(keys.session(user));
      expect(await slotOf(keys.record(user))).toBe(slot);
      expect(await slotOf(keys.channel(user, 0))).toBe(slot);
    }
  });

  test("a due set and its claims share a slot, and no two partitions do", async () => {
    const keys = new Keys();
    const slots = new Set<number>();
    for (let partition = 0; partition < duePartitions; partition++) {
      slots.add(await slotOf(keys.due(partition)));
      expect(await slotOf(keys.claims(partition))).toBe(await slotOf(keys.due(partition)));
    }
    expect(slots.size).toBe(duePartitions);
  });
});

describe("the record pattern", () => {
  test.each(["presence:", "a*b:", "[p]?:", "back\\slash:", "p^-:", ""])(
    "with the prefix %j finds all records, and nothing else of ours",
    async (keyPrefix) => {
      const keys = new Keys({ ...defaultTemplates, keyPrefix });
      const records = users.map((user) => keys.record(user));
      for (const key of records) await client.set(key, "1");
      for (let partition = 0; partition < duePartitions; partition++) {
        await client.zadd(keys.due(partition), 1, "alice");
        await client.zadd(keys.claims(partition), 1, "alice");
      }
      await client.hset(keys.clock, "tick", 1);
      for (const user of users) await client.hset(keys.session(user), "sessionId", "s1");
      expect((await client.keys(keys.recordPattern)).toSorted()).toEqual(records.toSorted());
    },
  );

  test.each(sessionKeys)("with sessions at %s finds all records, and each tells whose it is", async (sessionKey) => {
    const keys = new Keys({ ...defaultTemplates, sessionKey });
    for (const user of users) await client.set(keys.record(user), "1");
    const found = (await client.keys(keys.recordPattern)).map((key) => keys.userOfRecord(key));
    expect(found.toSorted()).toEqual(users.toSorted());
  });
});
