import { dueAt, keepForMs } from "./next-change.ts";
import type { PresencePolicy } from "./policy.ts";
import type { DueOutcome, PresenceStore } from "./ports.ts";
import { latest } from "./time.ts";

/** What a step of a repair did. */
export interface Repair {
  /** False: another server repairs, and nothing was done. */
  readonly leads: boolean;
  /** Users that are due some time, and will be found. */
  readonly armed: number;
  /** Why users could not be looked at: their records cannot be read. */
  readonly failures: readonly unknown[];
  /** Where the next step goes on; undefined: at the first user again. */
  readonly next: string | undefined;
}

/**
 * Arms what a page of records says of itself. The due index is only a hint beside the records, and may have lost entries:
 * to a failover, to an eviction, to somebody's hand. Nothing is decided here, that is left to the sweep.
 */
export async function repair(store: PresenceStore, policy: PresencePolicy, cursor: string | undefined, limit: number): Promise<Repair> {
  // One server is enough. It leads between rounds as well; if it dies, another one takes over a lease later.
  if (!(await store.lead("repair", policy.leaseTtlMs))) return { leads: false, armed: 0, failures: [], next: undefined };
  const { moment, users, unreadable, next } = await store.scan(cursor, limit);
  const outcomes = users.flatMap(({ userId, record }): DueOutcome[] => {
    // As the record was written: what time has changed since is due already.
    const due = dueAt(record, moment.window);
    if (due === undefined) return [];
    return [{ userId, due: latest(due, moment.blindUntil), keepForMs: keepForMs(record, moment.now, policy.retentionMs) }];
  });
  await store.armDue(outcomes);
  return { leads: true, armed: outcomes.length, failures: unreadable, next };
}
