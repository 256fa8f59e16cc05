import {
  advanceClock,
  after,
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  type Loaded,
  type Millis,
  type Moment,
  millis,
  type Presence,
  type PresencePolicy,
  type PresenceRecord,
  type PresenceStore,
  type RecordPage,
  type RecordWithSession,
  type Renewal,
  type RenewalResult,
  type SessionTtlPolicy,
  type UserId,
  type WatchClock,
  type WatchClockPolicy,
  watchGapMs,
} from "@presence/domain";
import { DueIndex } from "./due-index.ts";
import { RecordTable } from "./record-table.ts";
import { renewed } from "./renewal.ts";
import type { SessionHashes } from "./session-hashes.ts";

export interface MemoryPresenceStoreOptions {
  readonly policy: PresencePolicy;
  readonly sessionTtl: SessionTtlPolicy;
  readonly sessions: SessionHashes;
  /** Milliseconds since 1970; must never run backwards. */
  readonly now: () => number;
  readonly publish: (event: Presence) => void;
}

/** So many records and sessions whose time is over are removed by a sweep, and with each commit. */
const removedPerSweep = 2_000;
const removedPerCommit = 2;

/** Records in the memory of one process. Every method runs in one step, so nothing can come between a check and its write. */
export class MemoryPresenceStore implements PresenceStore {
  readonly name = "memory";
  readonly #options: MemoryPresenceStoreOptions;
  readonly #clockPolicy: WatchClockPolicy;
  readonly #records = new RecordTable();
  readonly #due = new DueIndex();
  #clock: WatchClock | undefined;

  constructor(options: MemoryPresenceStoreOptions) {
    this.#options = options;
    const { leaseTtlMs, heartbeatIntervalMs } = options.policy;
    this.#clockPolicy = { gapMs: watchGapMs(options.policy), leaseTtlMs, heartbeatIntervalMs };
  }

  /** How many records are held. */
  get size(): number {
    return this.#records.size;
  }

  async load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord>> {
    const moment = this.#moment();
    return { moment, entries: userIds.map((userId) => this.#records.get(userId, moment.now)) };
  }

  async loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession>> {
    const moment = this.#moment();
    return { moment, entries: userIds.map((userId) => this.#entry(userId, moment.now)) };
  }

  async commit(commits: readonly Commit[]): Promise<readonly CommitResult[]> {
    const now = this.#now();
    this.#records.removeExpired(removedPerCommit * commits.length, now);
    return commits.map((commit) => this.#commitOne(commit, now));
  }

  async renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult>> {
    const moment = this.#moment();
    return { moment, entries: renewals.map((renewal) => this.#renewOne(renewal, moment.now)) };
  }

  async claimDue(limit: number): Promise<DueClaim> {
    this.#tick();
    const moment = this.#moment();
    this.#records.removeExpired(removedPerSweep, moment.now);
    this.#options.sessions.removeExpired(removedPerSweep);
    const lagMs = this.#due.lagMs(moment.now);
    return { moment, userIds: this.#due.claim(limit, moment.now), lagMs };
  }

  async finishDue(outcomes: readonly DueOutcome[]): Promise<void> {
    const now = this.#now();
    for (const { userId, due, keepForMs } of outcomes) {
      this.#due.finish(userId, due);
      if (keepForMs !== undefined) this.#records.keep(userId, now + keepForMs, now);
    }
  }

  async armDue(outcomes: readonly DueOutcome[]): Promise<void> {
    const now = this.#now();
    for (const { userId, due, keepForMs } of outcomes) {
      if (due !== undefined) this.#due.arm(userId, due);
      if (keepForMs !== undefined) this.#records.keep(userId, now + keepForMs, now);
    }
  }

  /** One process: nobody else could. */
  async lead(): Promise<boolean> {
    return true;
  }

  async scan(cursor: string | undefined, limit: number): Promise<RecordPage> {
    const moment = this.#moment();
    return { moment, ...this.#records.page(cursor, limit, moment.now), unreadable: [] };
  }

  #commitOne(commit: Commit, now: Millis): CommitResult {
    const { userId, record } = commit;
    const { sessions, policy, sessionTtl, publish } = this.#options;
    if (now - commit.decidedAt > this.#clockPolicy.gapMs || now >= commit.staleFrom) return "stale";
    const current = this.#entry(userId, now);
    if (current.record.revision !== commit.expectedRevision || current.session !== commit.session) return "conflict";
    this.#records.set(userId, record, now + commit.keepForMs);
    if (commit.due !== undefined) this.#due.arm(userId, commit.due);
    if (commit.session) {
      sessions.writeStatus(userId, record.status);
      if (commit.signOfLife) sessions.touch(userId, policy.leaseTtlMs, sessionTtl);
    }
    if (commit.event !== undefined) publish(commit.event);
    return "committed";
  }

  #renewOne(renewal: Renewal, now: Millis): RenewalResult {
    const { userId } = renewal;
    const { sessions, policy, sessionTtl } = this.#options;
    const current = this.#entry(userId, now);
    const session = { exists: current.session, status: sessions.statusOf(userId) };
    const record = renewed(current.record, renewal, session, now);
    if (record === undefined) return { ...current, renewed: false };
    this.#records.set(userId, record, undefined);
    sessions.touch(userId, policy.leaseTtlMs, sessionTtl);
    return { record, session: current.session, renewed: true };
  }

  #entry(userId: UserId, now: Millis): RecordWithSession {
    return { record: this.#records.get(userId, now), session: this.#options.sessions.has(userId) };
  }

  #now(): Millis {
    return millis(this.#options.now());
  }

  /** The clock of an answer. After a pause in which nobody watched it is moved on first, so that the window is known. */
  #moment(): Moment {
    const now = this.#now();
    const clock = this.#clock === undefined || now > after(this.#clock.tick, this.#clockPolicy.gapMs) ? this.#tick() : this.#clock;
    return { now, aheadMs: 0, window: clock.window, blindUntil: clock.blindUntil, lostAt: clock.lostAt };
  }

  #tick(): WatchClock {
    // One process: what remembers the clock is what holds it, so writes are lost with it or not at all.
    const memory = { tick: this.#clock?.tick, kept: true, otherRun: false };
    this.#clock = advanceClock(this.#clock, this.#now(), memory, this.#clockPolicy);
    return this.#clock;
  }
}
