import { randomUUID } from "node:crypto";
import {
  type Commit,
  type Device,
  type Loaded,
  type Millis,
  millis,
  never,
  PresenceError,
  type PresencePolicy,
  type PresenceRecord,
  type PresenceStore,
  parseDeviceId,
  parseUserId,
  presencePolicy,
  type Renewal,
  type SessionTtlPolicy,
  type UserId,
  unknownRecord,
} from "@presence/domain";
import type { Redis } from "ioredis";
import { connectRedis } from "./connection.ts";
import { Keys } from "./keys.ts";
import { RedisClock } from "./redis-clock.ts";
import { RedisPresenceStore } from "./redis-presence-store.ts";
import { standaloneLink } from "./standalone-link.ts";

export const alice = parseUserId("alice");
export const bob = parseUserId("bob");
export const phone = parseDeviceId("phone");
export const longMs = 3_600_000;

export interface TestBedOptions {
  readonly policy?: PresencePolicy;
  readonly sessionTtl?: SessionTtlPolicy;
  readonly claimMs?: number;
  readonly monotonicMs?: () => number;
  /** Of another bed, to share its data. */
  readonly keys?: Keys;
}

/** A store, and all that it is made of, under keys of its own. */
export interface TestBed {
  readonly client: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly store: RedisPresenceStore;
  close(): void;
}

export async function testBed(url: string, options: TestBedOptions = {}): Promise<TestBed> {
  const client = connectRedis({ url }, "a test", { info: () => {}, warn: () => {} });
  await new Promise((resolve) => client.once("ready", resolve));
  return bedOn(client, options);
}

/** The same on a client that is there already. */
export function bedOn(
  client: Redis,
  { policy = presencePolicy(), sessionTtl = "align", claimMs = 5_000, ...rest }: TestBedOptions = {},
): TestBed {
  const name = randomUUID().slice(0, 8);
  const keys = rest.keys ?? new Keys({ sessionKey: `${name}:session:%s`, partyKey: `${name}:party:%s`, keyPrefix: `${name}:presence:` });
  const serverId = randomUUID();
  const link = standaloneLink(client);
  const clock = new RedisClock({
    link,
    keys,
    policy,
    serverId,
    ...(rest.monotonicMs && { monotonicMs: rest.monotonicMs }),
  });
  client.on("close", () => clock.invalidate());
  const store = new RedisPresenceStore({ link, keys, clock, policy, sessionTtl, serverId, claimMs });
  return { client, keys, clock, store, close: () => client.disconnect() };
}

export function users(count: number): readonly UserId[] {
  return Array.from({ length: count }, (_, index) => parseUserId(`user:${index}`));
}

export function aDevice(now: Millis, changes: Partial<Device> = {}): Device {
  return { id: phone, leaseUntil: millis(now + longMs), activeUntil: never, lastSeen: now, holder: undefined, ...changes };
}

/** The first record of a user who is ONLINE with his phone since `now`. */
export function aRecord(now: Millis, changes: Partial<PresenceRecord> = {}): PresenceRecord {
  const times = { version: now * 1_000, since: now, lastSeen: now, settledAt: now };
  return { ...unknownRecord, revision: 1, status: "ONLINE", ...times, devices: [aDevice(now)], ...changes };
}

export function aCommit(userId: UserId, record: PresenceRecord, decidedAt: Millis, changes: Partial<Commit> = {}): Commit {
  const rest = { keepForMs: longMs, due: undefined, session: false, signOfLife: true, event: undefined };
  return { userId, expectedRevision: record.revision - 1, record, decidedAt, staleFrom: never, ...rest, ...changes };
}

export function aRenewal(userId: UserId, changes: Partial<Renewal> = {}): Renewal {
  return { userId, deviceId: phone, leaseForMs: 2 * longMs, activeForMs: undefined, holder: undefined, ...changes };
}

/** Writes a record that must be taken. */
export async function put(
  { store }: { readonly store: PresenceStore },
  userId: UserId,
  decide: (now: Millis) => PresenceRecord = (now) => aRecord(now),
  changes: Partial<Commit> = {},
): Promise<PresenceRecord> {
  const { moment } = await store.load([]);
  const record = decide(moment.now);
  const [result] = await store.commit([aCommit(userId, record, moment.now, changes)]);
  if (result !== "committed") throw new Error(`not committed: ${result}`);
  return record;
}

/** What a store answered, every entry of which must be readable. */
export async function entriesOf<Entry>(answer: Promise<Loaded<Entry | PresenceError>>): Promise<readonly Entry[]> {
  return (await answer).entries.map((entry) => {
    if (entry instanceof PresenceError) throw entry;
    return entry;
  });
}
