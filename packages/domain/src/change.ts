import { type Context, type Decision, isVisible } from "./commands/index.ts";
import { PresenceError } from "./errors.ts";
import type { UserId } from "./ids.ts";
import { dueAt, keepForMs, nextVisibleChange } from "./next-change.ts";
import type { PresencePolicy } from "./policy.ts";
import type { Commit, Loaded, PresenceStore, RecordWithSession } from "./ports.ts";
import { presenceOf } from "./presence.ts";
import type { PresenceRecord } from "./record.ts";
import { settle } from "./settle.ts";
import { never } from "./time.ts";
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
 * Loads, decides and commits, again where somebody else wrote in between. Results in order; in the place of a user whose
 * data cannot be read or written, or for whom the race was lost every time, the error that says so.
 * @param loaded what the caller has loaded already, in the order of `changes`
 */
export async function makeChanges(
  store: PresenceStore,
  policy: PresencePolicy,
  changes: readonly Change[],
  loaded?: Loaded<RecordWithSession | PresenceError>,
): Promise<readonly (Changed | PresenceError)[]> {
  const results = new Map<Change, Changed | PresenceError>();
  let open = changes;
  let current = loaded;
  for (let attempt = 0; open.length > 0; attempt++) {
    if (attempt === maxAttempts) {
      for (const change of open) {
        const error = PresenceError.unavailable(`user ${change.userId} is being changed by too many at once`, contentionRetryMs);
        results.set(change, error);
      }
      break;
    }
    const { moment, entries } = current ?? (await store.loadForChange(open.map(({ userId }) => userId)));
    current = undefined;
    const commits: { readonly change: Change; readonly commit: Commit }[] = [];
    for (const [index, change] of open.entries()) {
      const entry = entries[index];
      if (entry === undefined) throw new PresenceError("INTERNAL", "the store answered for fewer users than it was asked for");
      if (entry instanceof PresenceError) {
        results.set(change, entry);
        continue;
      }
      const decision = decided(change, entry.record, { ...moment, session: entry.session, policy });
      if (decision instanceof PresenceError) {
        results.set(change, decision);
        continue;
      }
      results.set(change, { decision, moment });
      if (decision.next !== entry.record) commits.push({ change, commit: toCommit(change, entry, decision, moment, policy) });
    }
    if (commits.length === 0) break;
    const outcomes = await store.commit(commits.map(({ commit }) => commit));
    open = commits.flatMap(({ change }, index) => {
      const outcome = outcomes[index];
      if (outcome instanceof PresenceError) results.set(change, outcome);
      return outcome === "committed" || outcome instanceof PresenceError ? [] : [change];
    });
  }
  return changes.map((change) => {
    const result = results.get(change);
    if (result === undefined) throw new PresenceError("INTERNAL", `no decision for user ${change.userId}`);
    return result;
  });
}

/** A record that makes a rule stumble is that user's misfortune alone. */
function decided(change: Change, record: PresenceRecord, context: Context): Decision | PresenceError {
  try {
    return change.decide(record, context);
  } catch (error) {
    return PresenceError.from(error);
  }
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
    moves: decision.moves,
    decidedAt: moment.now,
    staleFrom: nextVisibleChange(settle(entry.record, moment).record, moment.window)?.at ?? never,
  };
}

// The index holds an entry no later than the due time of the record as it was: renewals only move that later.
function earlierDue(before: PresenceRecord, next: PresenceRecord, moment: Moment): Commit["due"] {
  const due = dueAt(next, moment.window);
  const known = dueAt(settle(before, moment).record, moment.window);
  return due !== undefined && (known === undefined || due < known) ? due : undefined;
}
