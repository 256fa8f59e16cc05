import { type Context, type Decision, isVisible } from "./commands/index.ts";
import { PresenceError } from "./errors.ts";
import type { UserId } from "./ids.ts";
import { dueAt, keepForMs } from "./next-change.ts";
import type { PresencePolicy } from "./policy.ts";
import type { Commit, Loaded, PresenceStore, RecordWithSession } from "./ports.ts";
import { presenceOf } from "./presence.ts";
import type { PresenceRecord } from "./record.ts";
import { settle } from "./settle.ts";
import type { Moment } from "./watched-time.ts";

/** A command for one user, not yet decided. Users of one call are different. */
export interface Change {
  readonly userId: UserId;
  /** Pure: called again with a newer record when somebody else was faster. */
  readonly decide: (record: PresenceRecord, context: Context) => Decision;
  /** Unless it is refused, the command shows that the user is there. */
  readonly signOfLife: boolean;
}

/** What a change came to. */
export interface Changed {
  readonly decision: Decision;
  readonly moment: Moment;
}

/** So often a write may lose the race before the caller is asked to come back. */
const maxAttempts = 20;
const contentionRetryMs = 100;

/**
 * Loads, decides and commits, again where somebody else wrote in between. Results in order.
 * @param loaded what the caller has loaded already, in the order of `changes`
 * @throws PresenceError `UNAVAILABLE` where the race was lost every time
 */
export async function makeChanges(
  store: PresenceStore,
  policy: PresencePolicy,
  changes: readonly Change[],
  loaded?: Loaded<RecordWithSession>,
): Promise<readonly Changed[]> {
  const results = new Map<Change, Changed>();
  let open = changes;
  let current = loaded;
  for (let attempt = 0; open.length > 0; attempt++) {
    if (attempt === maxAttempts)
      throw PresenceError.unavailable(`user ${open[0]?.userId} is being changed by too many at once`, contentionRetryMs);
    const { moment, entries } = current ?? (await store.loadForChange(open.map(({ userId }) => userId)));
    current = undefined;
    const commits: { readonly change: Change; readonly commit: Commit }[] = [];
    for (const [index, change] of open.entries()) {
      const entry = entries[index];
      if (entry === undefined) throw new PresenceError("INTERNAL", "the store answered for fewer users than it was asked for");
      const decision = change.decide(entry.record, { ...moment, session: entry.session, policy });
      results.set(change, { decision, moment });
      if (decision.next !== entry.record) commits.push({ change, commit: toCommit(change, entry, decision, moment, policy) });
    }
    if (commits.length === 0) break;
    const outcomes = await store.commit(commits.map(({ commit }) => commit));
    open = commits.filter((_, index) => outcomes[index] !== "committed").map(({ change }) => change);
  }
  return changes.map((change) => {
    const result = results.get(change);
    if (result === undefined) throw new PresenceError("INTERNAL", `no decision for user ${change.userId}`);
    return result;
  });
}

function toCommit(change: Change, entry: RecordWithSession, decision: Decision, moment: Moment, policy: PresencePolicy): Commit {
  const { next } = decision;
  return {
    userId: change.userId,
    expectedRevision: entry.record.revision,
    record: next,
    keepForMs: keepForMs(next, next.settledAt, policy.retentionMs),
    due: earlierDue(entry.record, next, moment),
    session: entry.session,
    signOfLife: change.signOfLife && decision.refusal === undefined,
    event: isVisible(entry.record, decision) ? presenceOf(change.userId, next) : undefined,
    decidedAt: moment.now,
  };
}

// The index holds an entry no later than the due time of the record as it was: renewals only move that later.
function earlierDue(before: PresenceRecord, next: PresenceRecord, moment: Moment): Commit["due"] {
  const due = dueAt(next, moment.window);
  const known = dueAt(settle(before, moment).record, moment.window);
  return due !== undefined && (known === undefined || due < known) ? due : undefined;
}
