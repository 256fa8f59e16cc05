import {
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  isId,
  type Loaded,
  parseUserId,
  PresenceError,
  type PresenceRecord,
  type PresenceStore,
  type RecordPage,
  type RecordWithSession,
  type Renewal,
  type RenewalResult,
  type SessionTtlPolicy,
  unknownRecord,
  type UserId,
} from "@presence/domain";
import type { Redis } from "ioredis";
import { encodeEvent } from "./event-text.ts";
import { duePartitions, type Keys } from "./keys.ts";
import { decodeRecord, encodeRecord, encodeRevision, unknownFormat } from "./record-text.ts";
import type { RedisClock } from "./redis-clock.ts";
import { scanRecords } from "./scan-records.ts";
import { type Command, evalsha, roundTrip, scripts } from "./scripts.ts";

export interface RedisPresenceStoreOptions {
  readonly client: Redis;
  readonly keys: Keys;
  readonly clock: RedisClock;
  readonly leaseTtlMs: number;
  readonly sessionTtl: SessionTtlPolicy;
  /** A claim on a due user holds this long; its sweeper has died if it takes longer. */
  readonly claimMs: number;
}

/** Most renewals in one script: longer ones would keep others waiting. */
const renewalsPerScript = 100;

const commitResults = ["committed", "conflict", "stale"] as const satisfies readonly CommitResult[];

/** Records in one Redis. Every write is one script, so that nothing comes between a check and what follows from it. */
export class RedisPresenceStore implements PresenceStore {
  readonly name = "redis";
  readonly #options: RedisPresenceStoreOptions;
  #firstPartition = 0;

  constructor(options: RedisPresenceStoreOptions) {
    this.#options = options;
  }

  async load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord>> {
    const { keys, clock } = this.#options;
    if (userIds.length === 0) return { moment: await clock.moment(), entries: [] };
    await clock.moment();
    const [texts] = await this.#send([["MGET", ...userIds.map((userId) => keys.record(userId))]]);
    return { moment: await clock.moment(), entries: (texts as (string | null)[]).map(decoded) };
  }

  async loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession>> {
    const { keys, clock } = this.#options;
    await clock.moment();
    const commands = userIds.flatMap((userId): Command[] => [["GET", keys.record(userId)], ["EXISTS", keys.session(userId)]]);
    const answers = await this.#send(commands);
    const entries = userIds.map((_, index) => ({ record: decoded(answers[2 * index] as string | null), session: answers[2 * index + 1] === 1 }));
    return { moment: await clock.moment(), entries };
  }

  async commit(commits: readonly Commit[]): Promise<readonly CommitResult[]> {
    const { keys } = this.#options;
    // The due entry goes before the record: one too many costs a look, one too few costs a user who is never swept.
    const commands = commits.flatMap((commit): Command[] => {
      const write = this.#commitCommand(commit);
      return commit.due === undefined ? [write] : [["ZADD", keys.due(keys.partitionOf(commit.userId)), "LT", commit.due, commit.userId], write];
    });
    const answers = await this.#send(commands);
    const written = answers.filter((_, index) => commands[index]?.[0] === "EVALSHA");
    return written.map((answer) => {
      const result = commitResults[Number(answer)];
      if (result === undefined) throw unknownFormat();
      return result;
    });
  }

  async renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult>> {
    const { keys, clock, sessionTtl } = this.#options;
    const { now } = await clock.moment();
    const commands: Command[] = [];
    for (let from = 0; from < renewals.length; from += renewalsPerScript) {
      const some = renewals.slice(from, from + renewalsPerScript);
      const scriptKeys = some.flatMap(({ userId }) => [keys.record(userId), keys.session(userId)]);
      const args = some.flatMap(({ deviceId, leaseForMs, activeForMs, holder }) => [deviceId, leaseForMs, activeForMs ?? "-", holder ?? "-"]);
      commands.push(evalsha(scripts.renew, scriptKeys, [now, clock.gapMs, sessionTtl, ...args]));
    }
    const answers = (await this.#send(commands)).flat() as (number | string)[];
    const entries = renewals.map((_, index): RenewalResult => {
      const [renewed, text, session] = answers.slice(3 * index, 3 * index + 3);
      return { renewed: renewed === 1, record: decoded(String(text) || null), session: session === 1 };
    });
    return { moment: await clock.moment(), entries };
  }

  async claimDue(limit: number): Promise<DueClaim> {
    const { keys, clock, claimMs } = this.#options;
    const moment = await clock.tick();
    // Another partition first each time, so that none starves where there is more to do than one call takes.
    const first = this.#firstPartition++ % duePartitions;
    const partitions = Array.from({ length: duePartitions }, (_, index) => (first + index) % duePartitions);
    const scriptKeys = partitions.flatMap((partition) => [keys.due(partition), keys.claims(partition)]);
    const [answer] = await this.#send([evalsha(scripts.claim, scriptKeys, [moment.now, limit, claimMs])]);
    const [oldest, ...members] = answer as string[];
    const userIds = members.filter(isId).map((member) => parseUserId(member));
    return { moment, userIds, lagMs: oldest ? moment.now - Number(oldest) : 0 };
  }

  async finishDue(outcomes: readonly DueOutcome[]): Promise<void> {
    const { keys } = this.#options;
    const commands = outcomes.flatMap(({ userId, due, keepForMs }): Command[] => {
      const partition = keys.partitionOf(userId);
      const back: Command[] = due === undefined ? [] : [["ZADD", keys.due(partition), "LT", due, userId]];
      const keep: Command[] = keepForMs === undefined ? [] : [["PEXPIRE", keys.record(userId), Math.ceil(keepForMs)]];
      // The claim goes last: whoever dies before it leaves one too many entries, never one too few.
      return [...back, ...keep, ["ZREM", keys.claims(partition), userId]];
    });
    await this.#send(commands);
  }

  async scan(cursor: string | undefined, limit: number): Promise<RecordPage> {
    const { client, keys, clock } = this.#options;
    await clock.moment();
    const { userIds, next } = await scanRecords(client, keys, cursor, limit);
    const { moment, entries } = await this.load(userIds);
    const users = userIds.flatMap((userId, index) => {
      const record = entries[index];
      return record === undefined || record === unknownRecord ? [] : [{ userId, record }];
    });
    return { moment, users, next };
  }

  #commitCommand({ userId, expectedRevision, record, keepForMs, session, signOfLife, event, decidedAt }: Commit): Command {
    const { keys, clock, leaseTtlMs, sessionTtl, client } = this.#options;
    return evalsha(scripts.commit, [keys.record(userId), keys.session(userId)], [
      expectedRevision === 0 ? "" : encodeRevision(expectedRevision),
      session ? "1" : "0",
      decidedAt,
      clock.gapMs,
      encodeRecord(record),
      Math.ceil(keepForMs),
      record.status,
      signOfLife ? sessionTtl : "off",
      leaseTtlMs,
      keys.channel(userId, client.options.db ?? 0),
      event === undefined ? "" : encodeEvent(event),
    ]);
  }

  #send(commands: readonly Command[]): Promise<unknown[]> {
    return commands.length === 0 ? Promise.resolve([]) : roundTrip(this.#options.client, commands);
  }
}

function decoded(text: string | null | undefined): PresenceRecord {
  if (text === undefined) throw new PresenceError("INTERNAL", "Redis answered for fewer users than it was asked for");
  return text === null ? unknownRecord : decodeRecord(text);
}
