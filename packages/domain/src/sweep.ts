import { type Change, makeChanges } from "./change.ts";
import { settleDue } from "./commands/index.ts";
import { PresenceError } from "./errors.ts";
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
  /** Writes may have been lost: nobody goes OFFLINE, and the due index may lack entries. */
  readonly blind: boolean;
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
  const blind = moment.now < moment.blindUntil;
  if (userIds.length === 0) return { visited: 0, moves: [], lagMs, failures: [], blind };
  // While blind, who seems silent may be there.
  const { outcomes, moves, failures } = blind ? putOff(userIds, moment) : await settleAll(store, policy, userIds, moment);
  await store.finishDue(outcomes);
  return { visited: userIds.length, moves, lagMs, failures, blind };
}

function putOff(userIds: readonly UserId[], { blindUntil }: Moment): Settled {
  return { outcomes: userIds.map((userId) => ({ userId, due: blindUntil, keepForMs: undefined })), moves: [], failures: [] };
}

async function settleAll(store: PresenceStore, policy: PresencePolicy, userIds: readonly UserId[], { now }: Moment): Promise<Settled> {
  const changes = userIds.map((userId): Change => ({ userId, decide: settleDue, signOfLife: false }));
  const changed = await makeChanges(store, policy, changes);
  const [moves, failures]: [Move[], unknown[]] = [[], []];
  const outcomes = userIds.flatMap((userId, index): DueOutcome[] => {
    const result = changed[index];
    if (result === undefined) return [];
    if (result instanceof PresenceError) {
      failures.push(result);
      return [{ userId, due: after(now, policy.leaseTtlMs), keepForMs: undefined }];
    }
    moves.push(...result.decision.moves);
    const { record } = settle(result.decision.next, result.moment);
    // Renewals leave the record's own expiry alone, so it is moved on here, once a lease.
    const keep = record.devices.length === 0 ? undefined : keepForMs(record, result.moment.now, policy.retentionMs);
    return [{ userId, due: dueAt(record, result.moment.window), keepForMs: keep }];
  });
  return { outcomes, moves, failures };
}
