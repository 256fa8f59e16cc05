import {
  type Commit,
  type Millis,
  millis,
  never,
  PresenceError,
  type PresenceRecord,
  type PresenceStore,
  parseDeviceId,
  parseUserId,
  type UserId,
  unknownRecord,
} from "@presence/domain";
import type { Redis } from "ioredis";

/** Users who are ONLINE with one phone each, in a Redis that is full of them. */
export interface Crowd {
  /** Name of the keys: of sessions `<name>:session:<user>`. */
  readonly name: string;
  readonly users: number;
  /** So many of them, from the first on, fall silent and lapse in the course of one second. */
  readonly lapsing: number;
}

export const phone = parseDeviceId("phone-7f3c9a");
const batch = 1_000;
const spreadMs = 1_000;
const hourMs = 3_600_000;

export function userAt(index: number): UserId {
  return parseUserId(`user:${index}`);
}

/** Writes the living first, then those who lapse. Resolves to when the first of them does, some `inMs` from now. */
export async function fill(store: PresenceStore, client: Redis, crowd: Crowd, inMs: number): Promise<Millis> {
  await write(store, client, crowd, crowd.lapsing, crowd.users, (now) => millis(now + hourMs));
  const start = millis((await store.load([])).moment.now + inMs);
  await write(store, client, crowd, 0, crowd.lapsing, (now, index) => leaseEnd(start, index, crowd.lapsing) ?? now);
  return start;
}

async function write(
  store: PresenceStore,
  client: Redis,
  { name }: Crowd,
  first: number,
  end: number,
  leaseUntil: (now: Millis, index: number) => Millis,
): Promise<void> {
  for (let from = first; from < end; from += batch) {
    const indices = Array.from({ length: Math.min(batch, end - from) }, (_, index) => from + index);
    const sessions = client.pipeline();
    for (const index of indices) sessions.hset(`${name}:session:${userAt(index)}`, { sessionId: "s1", name: "Alice", roles: "user" });
    await sessions.exec();
    // Somebody watches all the time, or all leases would count longer.
    const { moment } = await store.claimDue(0);
    const results = await store.commit(indices.map((index) => firstCommit(userAt(index), moment.now, leaseUntil(moment.now, index))));
    if (results.some((result) => result !== "committed"))
      throw new Error(`not filled: ${results.find((result) => result !== "committed")}`);
  }
}

function firstCommit(userId: UserId, now: Millis, leaseUntil: Millis): Commit {
  const times = { version: now * 1_000, since: now, lastSeen: now, settledAt: now };
  const devices = [{ id: phone, leaseUntil, activeUntil: never, lastSeen: now, holder: "4f6c/12" }];
  const record: PresenceRecord = { ...unknownRecord, revision: 1, status: "ONLINE", bound: true, ...times, devices };
  const rest = { expectedRevision: 0, keepForMs: 24 * hourMs, event: undefined, session: true, signOfLife: true };
  return { userId, record, due: leaseUntil, decidedAt: now, staleFrom: never, ...rest };
}

/** What is wrong after a mass expiry: who lapsed must be OFFLINE by one write, since the end of his lease; of who lives, nothing visible has moved. */
export async function mistakes(store: PresenceStore, { users, lapsing }: Crowd, start: Millis): Promise<readonly string[]> {
  const found: string[] = [];
  for (let from = 0; from < users; from += batch) {
    const indices = Array.from({ length: Math.min(batch, users - from) }, (_, index) => from + index);
    const { entries } = await store.load(indices.map(userAt));
    for (const [position, index] of indices.entries()) {
      const record = entries[position];
      const fault =
        record === undefined || record instanceof PresenceError ? "cannot be read" : faultOf(record, leaseEnd(start, index, lapsing));
      if (fault !== undefined) found.push(`${userAt(index)} ${fault}`);
    }
  }
  return found;
}

function faultOf({ status, since, version, revision }: PresenceRecord, leaseUntil: Millis | undefined): string | undefined {
  if (leaseUntil === undefined) return status === "ONLINE" && version === since * 1_000 ? undefined : `lives, and is ${status}`;
  if (status === "OFFLINE" && since === leaseUntil && revision === 2) return undefined;
  return `is ${status} since ${since - leaseUntil} ms after his lease, by ${revision - 1} writes`;
}

/** When that user lapses; undefined: he lives. */
function leaseEnd(start: Millis, index: number, lapsing: number): Millis | undefined {
  return index < lapsing ? millis(start + Math.floor((index / lapsing) * spreadMs)) : undefined;
}
