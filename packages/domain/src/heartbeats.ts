import { type Change, makeChanges } from "./change.ts";
import { type Decision, heartbeat, type Refusal, restored } from "./commands/index.ts";
import { PresenceError } from "./errors.ts";
import type { DeviceId, UserId } from "./ids.ts";
import type { PresencePolicy } from "./policy.ts";
import type { PresenceStore, Renewal, RenewalResult } from "./ports.ts";
import type { PresenceRecord } from "./record.ts";
import type { Moment } from "./watched-time.ts";

/** A sign of life of one device. */
export interface HeartbeatCall {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** Milliseconds since the user's last input; undefined: activity stays as it was. */
  readonly idleForMs?: number | undefined;
  /** The stream that gives it: it renews only what that stream holds. Undefined for a unary call. */
  readonly holder?: string | undefined;
  /** The user's record as the caller saw it last: what the store has lost of it since comes back. */
  readonly known?: PresenceRecord | undefined;
}

/** What a heartbeat came to. */
export interface HeartbeatOutcome {
  readonly record: PresenceRecord;
  readonly moment: Moment;
  readonly refusal: Refusal | undefined;
  /** The store had lost writes of this user. */
  readonly lostWrites: boolean;
}

/**
 * Heartbeats of any number of devices: one round trip for those that change nothing visible, two more for the rest.
 * Results in order; an error in the place of a user whose data cannot be read or written.
 */
export async function beatHearts(
  store: PresenceStore,
  policy: PresencePolicy,
  calls: readonly HeartbeatCall[],
): Promise<readonly (HeartbeatOutcome | PresenceError)[]> {
  if (calls.length === 0) return [];
  const { moment, entries } = await store.renew(calls.map((call) => renewalOf(call, policy)));
  const outcomes = entries.map((entry, index): HeartbeatOutcome | PresenceError | undefined => {
    if (entry instanceof PresenceError) return entry;
    const done = entry.renewed && !hasLost(entry.record, calls[index]);
    return done ? { record: entry.record, moment, refusal: undefined, lostWrites: false } : undefined;
  });
  const declined = byUser(calls, outcomes);
  const changes = [...declined].map(([userId, indices]) => changeOf(userId, indices, calls));
  // A user with a renewed and a declined heartbeat has moved on since; he is loaded again by his conflict.
  const loaded = { moment, entries: [...declined.values()].map((indices) => entryAt(entries, indices[indices.length - 1])) };
  const changed = await makeChanges(
    store,
    policy,
    changes.map(({ change }) => change),
    loaded,
  );
  for (const [position, { refusals }] of changes.entries()) {
    const result = changed[position];
    if (result === undefined) throw new PresenceError("INTERNAL", "no result of a heartbeat");
    for (const [index, refusal] of refusals) {
      const entry = entryAt(entries, index);
      const lostWrites = !(entry instanceof PresenceError) && hasLost(entry.record, calls[index]);
      outcomes[index] =
        result instanceof PresenceError ? result : { record: result.decision.next, moment: result.moment, refusal, lostWrites };
    }
  }
  return outcomes.map((outcome) => {
    if (outcome === undefined) throw new PresenceError("INTERNAL", "a heartbeat without an outcome");
    return outcome;
  });
}

function renewalOf({ userId, deviceId, idleForMs, holder }: HeartbeatCall, policy: PresencePolicy): Renewal {
  const activeForMs = idleForMs === undefined ? undefined : Math.floor(policy.idleAfterMs - idleForMs);
  return { userId, deviceId, leaseForMs: policy.leaseTtlMs, activeForMs, holder };
}

/** Versions never go back in a store that keeps what it has acknowledged. */
function hasLost(record: PresenceRecord, call: HeartbeatCall | undefined): boolean {
  return call?.known !== undefined && record.version < call.known.version;
}

function byUser(calls: readonly HeartbeatCall[], outcomes: readonly unknown[]): Map<UserId, number[]> {
  const declined = new Map<UserId, number[]>();
  for (const [index, { userId }] of calls.entries()) {
    if (outcomes[index] !== undefined) continue;
    const indices = declined.get(userId);
    if (indices === undefined) declined.set(userId, [index]);
    else indices.push(index);
  }
  return declined;
}

// All declined heartbeats of one user are one write: as many separate ones would only race each other.
function changeOf(
  userId: UserId,
  indices: readonly number[],
  calls: readonly HeartbeatCall[],
): { change: Change; refusals: Map<number, Refusal | undefined> } {
  const refusals = new Map<number, Refusal | undefined>(indices.map((index) => [index, undefined]));
  const decide: Change["decide"] = (record, context) => {
    const known = indices.map((index) => calls[index]?.known).reduce(newer, undefined);
    let all: Decision = { next: restored(record, known, context), moves: [] };
    for (const index of indices) {
      const call = calls[index];
      if (call === undefined) continue;
      const one = heartbeat(all.next, { deviceId: call.deviceId, idleForMs: call.idleForMs, holder: call.holder }, context);
      refusals.set(index, one.refusal);
      all = { next: one.next, moves: [...all.moves, ...one.moves] };
    }
    return all.next === record ? all : { ...all, next: { ...all.next, revision: record.revision + 1 } };
  };
  return { change: { userId, decide, signOfLife: true }, refusals };
}

function newer(a: PresenceRecord | undefined, b: PresenceRecord | undefined): PresenceRecord | undefined {
  return a === undefined || (b !== undefined && b.version > a.version) ? b : a;
}

function entryAt(entries: readonly (RenewalResult | PresenceError)[], index: number | undefined): RenewalResult | PresenceError {
  const entry = index === undefined ? undefined : entries[index];
  if (entry === undefined) throw new PresenceError("INTERNAL", "the store answered for fewer heartbeats than it was asked for");
  return entry;
}
