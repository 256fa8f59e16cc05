import { makeChanges } from "./change.ts";
import { settleDue } from "./commands/index.ts";
import type { UserId } from "./ids.ts";
import { dueAt, keepForMs } from "./next-change.ts";
import type { PresencePolicy } from "./policy.ts";
import type { DueOutcome, PresenceStore } from "./ports.ts";
import { settle } from "./settle.ts";
import { after } from "./time.ts";
import type { Move } from "./transitions.ts";
import type { Moment } from "./watched-time.ts";

/** What a sweep did. */
export interface Sweep {
  /** Users that were due. */
  readonly visited: number;
  /** Visible moves that it wrote down. */
  readonly moves: readonly Move[];
  /** How late the oldest of them was, in milliseconds. */
  readonly lagMs: number;
  /** Why users could not be settled although the store works: their data cannot be read or written. They are tried again in a lease. */
  readonly failures: readonly unknown[];
}

interface Settled {
  readonly outcomes: readonly DueOutcome[];
  readonly moves: readonly Move[];
  readonly failures: readonly unknown[];
}

/**
 * Settles users whose due time has come. The due time is a hint: who renewed since is given back with his next one.
 * A sweeper that dies in the middle loses nothing, since its claims time out.
 */
export async function sweep(store: PresenceStore, policy: PresencePolicy, limit: number): Promise<Sweep> {
  const { moment, userIds, lagMs } = await store.claimDue(limit);
  if (userIds.length === 0) return { visited: 0, moves: [], lagMs, failures: [] };
  const { outcomes, moves, failures } = await settleSafely(store, policy, userIds, moment);
  await store.finishDue(outcomes);
  return { visited: userIds.length, moves, lagMs, failures };
}

/** One user whose data is broken must not keep the others from going OFFLINE. */
async function settleSafely(store: PresenceStore, policy: PresencePolicy, userIds: readonly UserId[], moment: Moment): Promise<Settled> {
  if (moment.now < moment.blindUntil) {
    // Writes may have been lost: who seems silent may be there.
    return { outcomes: userIds.map((userId) => ({ userId, due: moment.blindUntil, keepForMs: undefined })), moves: [], failures: [] };
  }
  try {
    return await settleAll(store, policy, userIds);
  } catch (error) {
    // Without a store nobody can be settled, one by one neither.
    await store.claimDue(0);
    const [only, ...more] = userIds;
    if (only !== undefined && more.length === 0) {
      return {
        outcomes: [{ userId: only, due: after(moment.now, policy.leaseTtlMs), keepForMs: undefined }],
        moves: [],
        failures: [error],
      };
    }
    const half = Math.ceil(userIds.length / 2);
    const first = await settleSafely(store, policy, userIds.slice(0, half), moment);
    const second = await settleSafely(store, policy, userIds.slice(half), moment);
    return {
      outcomes: [...first.outcomes, ...second.outcomes],
      moves: [...first.moves, ...second.moves],
      failures: [...first.failures, ...second.failures],
    };
  }
}

async function settleAll(store: PresenceStore, policy: PresencePolicy, userIds: readonly UserId[]): Promise<Settled> {
  const changes = userIds.map((userId) => ({ userId, decide: settleDue, signOfLife: false }));
  const changed = await makeChanges(store, policy, changes);
  const outcomes = changes.flatMap(({ userId }, index): DueOutcome[] => {
    const result = changed[index];
    if (result === undefined) return [];
    const { record } = settle(result.decision.next, result.moment);
    // Renewals leave the record's own expiry alone, so it is moved on here, once a lease.
    const keep = record.devices.length === 0 ? undefined : keepForMs(record, result.moment.now, policy.retentionMs);
    return [{ userId, due: dueAt(record, result.moment.window), keepForMs: keep }];
  });
  return { outcomes, moves: changed.flatMap(({ decision }) => decision.moves), failures: [] };
}
