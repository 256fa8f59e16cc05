import { PresenceError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import { watchGapMs } from "../policy.ts";
import type { Commit, CommitResult, Loaded, PresenceStore, RecordWithSession, Renewal, RenewalResult } from "../ports.ts";
import type { PresenceRecord } from "../record.ts";
import type { Status } from "../status.ts";
import { after, type Millis } from "../time.ts";
import { AssertionError, assert, assertEqual } from "./assertions.ts";
import { aCommit, alice, aRecord, login } from "./builders.ts";
import type { Harness, StoredSession } from "./harness.ts";

const maxAttempts = 10;

/** Decides with the store's clock and commits at once; again where a slow machine made all of it stale. */
export async function tryCommits(
  harness: Harness,
  decide: (now: Millis) => readonly Commit[],
  store: PresenceStore = harness.store,
): Promise<readonly CommitResult[]> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { moment } = await store.load([alice]);
    const results = readable(await store.commit(decide(moment.now)));
    if (results.some((result) => result !== "stale")) return results;
  }
  throw new AssertionError(`a commit that was decided at once was stale ${maxAttempts} times`);
}

/** Commits for one user, which must succeed. */
export async function put(
  harness: Harness,
  userId: UserId,
  decide: (now: Millis) => PresenceRecord,
  changes: (now: Millis) => Partial<Commit> = () => ({}),
): Promise<Commit> {
  let commit: Commit | undefined;
  const results = await tryCommits(harness, (now) => {
    commit = aCommit(userId, decide(now), now, changes(now));
    return [commit];
  });
  assertEqual(results, ["committed"], `a commit for ${userId} that nobody contests`);
  assert(commit !== undefined, "a commit was decided");
  return commit;
}

/** A user with a session hash and the record that was committed beside it. */
export async function putWithSession(harness: Harness, decide: (now: Millis) => PresenceRecord = (now) => aRecord(now)): Promise<Commit> {
  await harness.putSession(alice, login);
  return put(
    harness,
    alice,
    (now) => ({ ...decide(now), bound: true }),
    () => ({ session: true }),
  );
}

/** What a store answered, each entry of which must be there. */
export function readable<Entry>(entries: readonly (Entry | PresenceError)[]): readonly Entry[] {
  return entries.map((entry) => {
    if (entry instanceof PresenceError) throw new AssertionError(`an entry cannot be read or written: ${entry.message}`);
    return entry;
  });
}

/** What `load`, `loadForChange` or `renew` answers, each entry of which must be readable. */
export async function entriesOf<Entry>(answer: Promise<Loaded<Entry | PresenceError>>): Promise<readonly Entry[]> {
  return readable((await answer).entries);
}

/** The record of one user as the store has it. */
export async function recordOf(store: PresenceStore, userId: UserId): Promise<PresenceRecord> {
  return (await entryOf(store, userId)).record;
}

/** The record of one user, and whether a session hash stands beside it. */
export async function entryOf(store: PresenceStore, userId: UserId): Promise<RecordWithSession> {
  const entries = await entriesOf(store.loadForChange([userId]));
  const [entry] = entries;
  assert(entries.length === 1 && entry !== undefined, `one entry for one user, got ${entries.length}`);
  return entry;
}

/** One renewal by itself. */
export async function renewOne(store: PresenceStore, renewal: Renewal): Promise<RenewalResult> {
  const entries = await entriesOf(store.renew([renewal]));
  const [entry] = entries;
  assert(entries.length === 1 && entry !== undefined, `one result for one renewal, got ${entries.length}`);
  return entry;
}

/** The session hash of a user, which must exist. */
export async function sessionOf(harness: Harness, userId: UserId): Promise<StoredSession> {
  const session = await harness.readSession(userId);
  assert(session !== undefined, `the session hash of ${userId} exists`);
  return session;
}

/** Fails unless the record and the session hash of alice are what they were: no write, and no expiration moved later. */
export async function assertUntouched(
  harness: Harness,
  record: PresenceRecord,
  session: StoredSession | undefined,
  what: string,
): Promise<void> {
  assertEqual(await recordOf(harness.store, alice), record, `${what}: the record`);
  const now = await harness.readSession(alice);
  assertEqual(now?.fields, session?.fields, `${what}: the session hash`);
  const moved = (now?.ttlMs ?? Number.POSITIVE_INFINITY) > (session?.ttlMs ?? Number.POSITIVE_INFINITY);
  assert(
    !moved && (now?.ttlMs === undefined) === (session?.ttlMs === undefined),
    `${what}: the session's expiration moved from ${session?.ttlMs} to ${now?.ttlMs} ms`,
  );
}

/** Claims until nobody is due any more; `expected` users may be due at most. */
export async function claimAll(store: PresenceStore, limit: number, expected: number): Promise<readonly UserId[]> {
  const claimed: UserId[] = [];
  while (claimed.length <= expected) {
    const { userIds } = await store.claimDue(limit);
    assert(userIds.length <= limit, `a claim of up to ${limit} users got ${userIds.length}`);
    if (userIds.length === 0) return claimed;
    claimed.push(...userIds);
  }
  throw new AssertionError(`${expected} users are due and were claimed, and still more are: a claimed user is due again`);
}

/** Lets time pass with the store watched, so that no window opens where the machine is quick enough. */
export async function sweepThrough(harness: Harness, ms: number): Promise<void> {
  const step = Math.max(1, Math.floor(watchGapMs(harness.policy) / 4));
  const end = after(await harness.now(), ms);
  for (let now = await harness.now(); now < end; now = await harness.now()) {
    await harness.advance(Math.min(step, end - now));
    await harness.store.claimDue(0);
  }
}

/** The record that follows `record` with another visible status. */
export function nextRecord(record: PresenceRecord, now: Millis, status: Status = "DND"): PresenceRecord {
  return { ...record, revision: record.revision + 1, version: record.version + 1, status, since: now, settledAt: now };
}
