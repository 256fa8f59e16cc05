import { makeChanges } from "./change.ts";
import { settleDue } from "./commands/index.ts";
import { dueAt, keepForMs } from "./next-change.ts";
import type { PresencePolicy } from "./policy.ts";
import type { DueOutcome, PresenceStore } from "./ports.ts";
import { settle } from "./settle.ts";
import type { Move } from "./transitions.ts";

/** What a sweep did. */
export interface Sweep {
  /** Users that were due. */
  readonly visited: number;
  /** Visible moves that it wrote down. */
  readonly moves: readonly Move[];
  /** How late the oldest of them was, in milliseconds. */
  readonly lagMs: number;
}

/**
 * Settles users whose due time has come. The due time is a hint: who renewed since is given back with his next one.
 * A sweeper that dies in the middle loses nothing, since its claims time out.
 */
export async function sweep(store: PresenceStore, policy: PresencePolicy, limit: number): Promise<Sweep> {
  const { moment, userIds, lagMs } = await store.claimDue(limit);
  if (userIds.length === 0) return { visited: 0, moves: [], lagMs };
  if (moment.now < moment.blindUntil) {
    // Writes may have been lost: who seems silent may be there.
    await store.finishDue(userIds.map((userId) => ({ userId, due: moment.blindUntil, keepForMs: undefined })));
    return { visited: userIds.length, moves: [], lagMs };
  }
  const changed = await makeChanges(
    store,
    policy,
    userIds.map((userId) => ({ userId, decide: settleDue, signOfLife: false })),
  );
  const outcomes = changed.map(({ decision, moment: at }, index): DueOutcome => {
    const { record } = settle(decision.next, at);
    // Renewals leave the record's own expiry alone, so it is moved on here, once a lease.
    const keep = record.devices.length === 0 ? undefined : keepForMs(record, at.now, policy.retentionMs);
    return { userId: userIds[index] as (typeof userIds)[number], due: dueAt(record, at.window), keepForMs: keep };
  });
  await store.finishDue(outcomes);
  return { visited: userIds.length, moves: changed.flatMap(({ decision }) => decision.moves), lagMs };
}
