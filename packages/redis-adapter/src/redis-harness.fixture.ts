import { randomUUID } from "node:crypto";
import { millis, type Presence, presencePolicy } from "@presence/domain";
import type { Harness, HarnessOptions } from "@presence/domain/testing";
import type { RunningRedis } from "@presence/redis-fixture";
import { type Cluster, Redis } from "ioredis";
import type { RedisAddress } from "./deployment.ts";
import { duePartitions, Keys } from "./keys.ts";
import { type RedisAdapter, type RedisAdapterOptions, redisAdapter } from "./redis-adapter.ts";

/** Short, so that real time need not pass for long. */
export const shortPolicy = presencePolicy({ leaseTtlMs: 900, heartbeatIntervalMs: 300, graceMs: 300 });
const claimMs = 600;

/** An adapter whose calls can be answered from the start. */
export async function readyAdapter(options: RedisAdapterOptions): Promise<RedisAdapter> {
  const adapter = redisAdapter(options);
  for (const deadline = Date.now() + 5_000; ; ) {
    try {
      await adapter.store.load([]);
      return adapter;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(5);
    }
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A Redis of any kind, as an adapter and as other services reach it. */
export interface TestRedis {
  readonly address: RedisAddress;
  connect(): Redis | Cluster;
}

export function oneRedis({ url }: RunningRedis): TestRedis {
  return { address: { url }, connect: () => new Redis(url) };
}

/** The Redis adapter under keys of its own, in real time. */
export async function redisHarness(redis: TestRedis, { sessionTtl }: HarnessOptions): Promise<Harness> {
  const name = randomUUID().slice(0, 8);
  const options = {
    ...redis.address,
    policy: shortPolicy,
    sessionTtl,
    claimMs,
    sessionKey: `${name}:session:%s`,
    partyKey: `${name}:party:%s:members`,
    keyPrefix: `${name}:presence:`,
  };
  const keys = new Keys(options);
  const [adapter, peer] = await Promise.all([readyAdapter(options), readyAdapter(options)]);
  const others = redis.connect();
  const heard: Presence[] = [];
  const confirmed = new Set<string>();
  adapter.feed.listen({
    subscribed: (userIds) => {
      for (const userId of userIds) confirmed.add(userId);
    },
    changed: (presence) => heard.push(presence),
    broken: () => {},
  });
  return {
    store: adapter.store,
    peer: peer.store,
    sessions: adapter.sessions,
    parties: adapter.parties,
    policy: shortPolicy,
    claimTimeoutMs: claimMs,
    toleranceMs: 60,
    advance: (ms) => sleep(ms + 2),
    async now() {
      const [seconds, micros] = await others.time();
      return millis(Number(seconds) * 1_000 + Number(micros) / 1_000);
    },
    async putSession(userId, fields, ttlMs) {
      const key = `${name}:session:${userId}`;
      await others.multi().del(key).hset(key, fields).exec();
      if (ttlMs !== undefined) await others.pexpire(key, ttlMs);
    },
    async deleteSession(userId) {
      await others.del(`${name}:session:${userId}`);
    },
    async readSession(userId) {
      const key = `${name}:session:${userId}`;
      const [fields, ttl] = await Promise.all([others.hgetall(key), others.pttl(key)]);
      return ttl === -2 ? undefined : { fields, ttlMs: ttl === -1 ? undefined : ttl };
    },
    async putPartyMembers(partyId, members) {
      const key = `${name}:party:${partyId}:members`;
      await others.del(key);
      for (let from = 0; from < members.length; from += 1_000) await others.sadd(key, ...members.slice(from, from + 1_000));
    },
    async breakRecord(userId) {
      const key = keys.record(userId);
      // As a newer server would write it.
      await others.setrange(key, 0, "2");
    },
    async loseDueEntries() {
      for (let partition = 0; partition < duePartitions; partition++) await others.del(keys.due(partition));
    },
    async recordEvents(userIds) {
      adapter.feed.subscribe(userIds);
      while (!userIds.every((userId) => confirmed.has(userId))) await sleep(2);
      const from = heard.length;
      return {
        async heard() {
          // Published before the commit's own answer; another connection may bring it a moment later.
          await sleep(20);
          return heard.slice(from).filter(({ userId }) => userIds.includes(userId));
        },
      };
    },
    async close() {
      adapter.close();
      peer.close();
      others.disconnect();
    },
  };
}
