import { setTimeout as sleep } from "node:timers/promises";
import {
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  type Loaded,
  PresenceError,
  type PresencePolicy,
  type PresenceRecord,
  type PresenceStore,
  type RecordPage,
  type RecordWithSession,
  type Renewal,
  type RenewalResult,
  type SessionTtlPolicy,
  type UserId,
  unknownRecord,
} from "@presence/domain";
import type { Keys } from "./keys.ts";
import type { Command, RedisLink } from "./link.ts";
import type { RedisClock } from "./redis-clock.ts";
import { RedisDueIndex } from "./redis-due-index.ts";
import { roundTrip, separateRoundTrip } from "./round-trip.ts";
import { scanRecords } from "./scan-records.ts";
import { commitCall, leadCall, renewCall, type ScriptCall, type WriteSettings } from "./script-calls.ts";
import { readRecord } from "./stored-record.ts";

export interface RedisPresenceStoreOptions {
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly policy: PresencePolicy;
  readonly sessionTtl: SessionTtlPolicy;
  /** Names this server among all. */
  readonly serverId: string;
  /** A claim on a due user holds this long; its sweeper has died if it takes longer. */
  readonly claimMs: number;
}

/** Most users in one command: longer ones would keep others waiting. More of them still go in one round trip. */
const recordsPerRead = 1_000;
const renewalsPerScript = 100;
const conflictPauseMs = 10;

/** Records in one Redis. Every write is one script, so that nothing comes between a check and what follows from it. */
export class RedisPresenceStore implements PresenceStore {
  readonly name = "redis";
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #settings: WriteSettings;
  readonly #serverId: string;
  readonly #due: RedisDueIndex;

  constructor({ link, keys, clock, policy, sessionTtl, serverId, claimMs }: RedisPresenceStoreOptions) {
    this.#link = link;
    this.#keys = keys;
    this.#clock = clock;
    this.#settings = { policy, sessionTtl, link };
    this.#serverId = serverId;
    this.#due = new RedisDueIndex(link, keys, claimMs);
  }

  async load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord | PresenceError>> {
    const commands = this.#recordReads(userIds);
    const { moment, found } = await this.#clock.reading(() => roundTrip(this.#link, commands));
    return { moment, entries: readRecords(userIds, found) };
  }

  async loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession | PresenceError>> {
    // Records first: if a session ends or begins in between, the commit sees it, which looks at both at once.
    const reads = this.#recordReads(userIds);
    const commands = [...reads, ...userIds.map((userId): Command => ["EXISTS", this.#keys.session(userId)])];
    const { moment, found } = await this.#clock.reading(() => roundTrip(this.#link, commands));
    const entries = readRecords(userIds, found.slice(0, reads.length)).map((record, index) =>
      record instanceof PresenceError ? record : { record, session: found[reads.length + index] === 1 },
    );
    return { moment, entries };
  }

  async commit(commits: readonly Commit[]): Promise<readonly (CommitResult | PresenceError)[]> {
    // After a new connection the clock has to tell first what Redis has lost; whatever was decided before does not know it.
    await this.#clock.moment();
    const calls = commits.map((commit) => (this.#clock.isDistrusted(commit.decidedAt) ? "stale" : this.#encoded(commit)));
    const open = calls.flatMap((call) => (call === "stale" || call instanceof PresenceError ? [] : [call]));
    const armings = commits.flatMap(({ userId, due }, index): Command[] => {
      const call = calls[index];
      return due === undefined || call === "stale" || call instanceof PresenceError ? [] : [this.#due.arming(userId, due)];
    });
    const answers = await this.#inOrder(
      armings,
      open.map(({ command }) => command),
    );
    const next = answers.values();
    const results = calls.map((call) => {
      if (call === "stale" || call instanceof PresenceError) return call;
      const { value: answer } = next.next();
      return answer instanceof PresenceError ? answer : call.result(answer);
    });
    // Two servers that change one user in step would have the same one lose every time.
    if (results.includes("conflict")) await sleep(Math.random() * conflictPauseMs);
    return results;
  }

  async renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult | PresenceError>> {
    // Not asked again where the answer is late: it would be another sign of life. Decisions on it are stale then.
    const moment = await this.#clock.moment();
    const calls = chunks(renewals, this.#link.together ? renewalsPerScript : 1).map((some) =>
      renewCall(this.#keys, some, moment.now, this.#settings),
    );
    const answers = await roundTrip(
      this.#link,
      calls.map(({ command }) => command),
    );
    return { moment, entries: calls.flatMap((call, index) => call.result(answers[index])) };
  }

  async claimDue(limit: number): Promise<DueClaim> {
    const moment = await this.#clock.tick();
    const { oldest, userIds } = await this.#due.claim(limit, moment.now);
    return { moment, userIds, lagMs: oldest === undefined ? 0 : moment.now - oldest };
  }

  finishDue(outcomes: readonly DueOutcome[]): Promise<void> {
    return this.#due.finish(outcomes);
  }

  armDue(outcomes: readonly DueOutcome[]): Promise<void> {
    return this.#due.arm(outcomes);
  }

  async lead(task: string, forMs: number): Promise<boolean> {
    const { command, result } = leadCall(this.#keys, task, this.#serverId, forMs);
    const [answer] = await roundTrip(this.#link, [command]);
    return result(answer);
  }

  async scan(cursor: string | undefined, limit: number): Promise<RecordPage> {
    await this.#clock.moment();
    const { userIds, next } = await scanRecords(this.#link, this.#keys, cursor, limit);
    const { moment, entries } = await this.load(userIds);
    const users = userIds.flatMap((userId, index) => {
      const record = entries[index];
      return record === undefined || record === unknownRecord || record instanceof PresenceError ? [] : [{ userId, record }];
    });
    return { moment, users, unreadable: entries.filter((entry) => entry instanceof PresenceError), next };
  }

  /**
   * Due entries go before records: one too many costs a look, one too few costs a user who is never swept.
   * @returns the answers to the second ones
   */
  async #inOrder(armings: readonly Command[], commits: readonly Command[]): Promise<readonly unknown[]> {
    if (this.#link.together) return (await separateRoundTrip(this.#link, [...armings, ...commits])).slice(armings.length);
    await roundTrip(this.#link, armings);
    return separateRoundTrip(this.#link, commits);
  }

  #recordReads(userIds: readonly UserId[]): readonly Command[] {
    return chunks(userIds, recordsPerRead).map((some): Command => ["MGET", ...some.map((userId) => this.#keys.record(userId))]);
  }

  /** What cannot be written is that user's misfortune alone. */
  #encoded(commit: Commit): ScriptCall<CommitResult | PresenceError> | PresenceError {
    try {
      return commitCall(this.#keys, commit, this.#settings);
    } catch (error) {
      return PresenceError.from(error);
    }
  }
}

function chunks<Entry>(entries: readonly Entry[], size: number): readonly (readonly Entry[])[] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, index) => entries.slice(index * size, (index + 1) * size));
}

function readRecords(userIds: readonly UserId[], answers: readonly unknown[]): readonly (PresenceRecord | PresenceError)[] {
  const texts = (answers as (string | null)[][]).flat();
  return userIds.map((userId, index) => readRecord(userId, texts[index]));
}
