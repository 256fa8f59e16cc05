import {
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  type Loaded,
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
import type { Redis } from "ioredis";
import { duePartitions, type Keys } from "./keys.ts";
import { decodeRecord } from "./record-text.ts";
import type { RedisClock } from "./redis-clock.ts";
import { type Command, roundTrip } from "./round-trip.ts";
import { scanRecords } from "./scan-records.ts";
import { claimCall, commitCall, lifetime, renewCall, type WriteSettings } from "./script-calls.ts";

export interface RedisPresenceStoreOptions {
  readonly client: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly policy: PresencePolicy;
  readonly sessionTtl: SessionTtlPolicy;
  /** A claim on a due user holds this long; its sweeper has died if it takes longer. */
  readonly claimMs: number;
}

/** Most users in one command: longer ones would keep others waiting. More of them still go in one round trip. */
const recordsPerRead = 1_000;
const renewalsPerScript = 100;

/** Records in one Redis. Every write is one script, so that nothing comes between a check and what follows from it. */
export class RedisPresenceStore implements PresenceStore {
  readonly name = "redis";
  readonly #client: Redis;
  readonly #keys: Keys;
  readonly #clock: RedisClock;
  readonly #settings: WriteSettings;
  readonly #claimMs: number;
  #firstPartition = 0;

  constructor({ client, keys, clock, policy, sessionTtl, claimMs }: RedisPresenceStoreOptions) {
    this.#client = client;
    this.#keys = keys;
    this.#clock = clock;
    this.#settings = { policy, sessionTtl, db: client.options.db ?? 0 };
    this.#claimMs = claimMs;
  }

  async load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord>> {
    const commands = this.#recordReads(userIds);
    const { moment, found } = await this.#clock.reading(() => roundTrip(this.#client, commands));
    return { moment, entries: (found as (string | null)[][]).flat().map(decoded) };
  }

  async loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession>> {
    // Records first: if a session ends or begins in between, the commit sees it, which looks at both at once.
    const reads = this.#recordReads(userIds);
    const commands = [...reads, ...userIds.map((userId): Command => ["EXISTS", this.#keys.session(userId)])];
    const { moment, found } = await this.#clock.reading(() => roundTrip(this.#client, commands));
    const texts = (found.slice(0, reads.length) as (string | null)[][]).flat();
    return { moment, entries: texts.map((text, index) => ({ record: decoded(text), session: found[reads.length + index] === 1 })) };
  }

  async commit(commits: readonly Commit[]): Promise<readonly CommitResult[]> {
    // After a new connection the clock has to tell first what Redis has lost; whatever was decided before does not know it.
    await this.#clock.moment();
    const calls = commits.map((commit) =>
      this.#clock.isDistrusted(commit.decidedAt) ? undefined : commitCall(this.#keys, commit, this.#settings),
    );
    const commands: Command[] = [];
    const places = commits.map(({ userId, due }, index) => {
      const call = calls[index];
      if (call === undefined) return -1;
      // The due entry goes before the record: one too many costs a look, one too few costs a user who is never swept.
      if (due !== undefined) commands.push(["ZADD", this.#dueOf(userId), "LT", due, userId]);
      return commands.push(call.command) - 1;
    });
    const answers = await roundTrip(this.#client, commands);
    return calls.map((call, index) => call?.result(answers[places[index] ?? -1]) ?? "stale");
  }

  async renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult>> {
    // Not asked again where the answer is late: it would be another sign of life. Decisions on it are stale then.
    const moment = await this.#clock.moment();
    const calls = chunks(renewals, renewalsPerScript).map((some) => renewCall(this.#keys, some, moment.now, this.#settings));
    const answers = await roundTrip(
      this.#client,
      calls.map(({ command }) => command),
    );
    return { moment, entries: calls.flatMap((call, index) => call.result(answers[index])) };
  }

  async claimDue(limit: number): Promise<DueClaim> {
    const moment = await this.#clock.tick();
    // Another partition first each time, so that none starves where there is more to do than one call takes.
    const first = this.#firstPartition++ % duePartitions;
    const partitions = Array.from({ length: duePartitions }, (_, index) => (first + index) % duePartitions);
    const { command, result } = claimCall(this.#keys, partitions, moment.now, limit, this.#claimMs);
    const [answer] = await roundTrip(this.#client, [command]);
    const { oldest, userIds } = result(answer);
    return { moment, userIds, lagMs: oldest === undefined ? 0 : moment.now - oldest };
  }

  async finishDue(outcomes: readonly DueOutcome[]): Promise<void> {
    const commands = outcomes.flatMap(({ userId, due, keepForMs }): Command[] => {
      // Never later than what a commit has asked for since the claim: his entry is there already, and LT keeps it.
      const back: Command[] = due === undefined ? [] : [["ZADD", this.#dueOf(userId), "LT", due, userId]];
      const keep: Command[] = keepForMs === undefined ? [] : [["PEXPIRE", this.#keys.record(userId), lifetime(keepForMs)]];
      // The claim goes last: whoever dies before it leaves one too many entries, never one too few.
      return [...back, ...keep, ["ZREM", this.#keys.claims(this.#keys.partitionOf(userId)), userId]];
    });
    await roundTrip(this.#client, commands);
  }

  async scan(cursor: string | undefined, limit: number): Promise<RecordPage> {
    await this.#clock.moment();
    const { userIds, next } = await scanRecords(this.#client, this.#keys, cursor, limit);
    const { moment, entries } = await this.load(userIds);
    const users = userIds.flatMap((userId, index) => {
      const record = entries[index];
      return record === undefined || record === unknownRecord ? [] : [{ userId, record }];
    });
    return { moment, users, next };
  }

  #recordReads(userIds: readonly UserId[]): readonly Command[] {
    return chunks(userIds, recordsPerRead).map((some): Command => ["MGET", ...some.map((userId) => this.#keys.record(userId))]);
  }

  #dueOf(userId: UserId): string {
    return this.#keys.due(this.#keys.partitionOf(userId));
  }
}

function chunks<Entry>(entries: readonly Entry[], size: number): readonly (readonly Entry[])[] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, index) => entries.slice(index * size, (index + 1) * size));
}

function decoded(text: string | null): PresenceRecord {
  return text === null || text === "" ? unknownRecord : decodeRecord(text);
}
