import type { DueOutcome, Millis, UserId } from "@presence/domain";
import { duePartitions, type Keys } from "./keys.ts";
import type { Command, RedisLink } from "./link.ts";
import { roundTrip } from "./round-trip.ts";
import { type Claimed, claimCall, lifetime, type ScriptCall } from "./script-calls.ts";

/** Most users that one script claims: more of them would keep others waiting. */
const usersPerScript = 200;
/** So often a claim looks again for what faster servers have left. */
const maxAttempts = 3;

/**
 * Who is due when, in partitions. No command touches two of them: in a Cluster each has a slot of its own, and on one
 * Redis no script grows with their number.
 */
export class RedisDueIndex {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #claimMs: number;
  /** Where the next claim begins. Servers begin anywhere, and go on where they stopped, so that they seldom meet. */
  #first = Math.floor(Math.random() * duePartitions);

  constructor(link: RedisLink, keys: Keys, claimMs: number) {
    this.#link = link;
    this.#keys = keys;
    this.#claimMs = claimMs;
  }

  /** Makes a user due at `due`, unless he is so earlier. */
  arming(userId: UserId, due: Millis): Command {
    return ["ZADD", this.#keys.due(this.#keys.partitionOf(userId)), "LT", due, userId];
  }

  /** Claims up to `limit` users who are due. */
  async claim(limit: number, now: Millis): Promise<Claimed> {
    const userIds: UserId[] = [];
    let oldest: Millis | undefined;
    for (let attempt = 0; attempt < maxAttempts && userIds.length < limit; attempt++) {
      const planned = this.#plan(await this.#waiting(now), limit - userIds.length, now);
      const answers = await roundTrip(
        this.#link,
        planned.calls.map(({ command }) => command),
      );
      const before = userIds.length;
      for (const [index, { result }] of planned.calls.entries()) {
        const claimed = result(answers[index]);
        userIds.push(...claimed.userIds);
        if (claimed.oldest !== undefined && (oldest === undefined || claimed.oldest < oldest)) oldest = claimed.oldest;
      }
      // Fewer than there were: another server was faster, and more may wait elsewhere.
      if (userIds.length - before >= planned.users) break;
    }
    return { oldest, userIds };
  }

  /** Gives claimed users back. */
  async finish(outcomes: readonly DueOutcome[]): Promise<void> {
    // The claim goes last: whoever dies before it leaves one too many entries, never one too few.
    await roundTrip(this.#link, [...this.#armings(outcomes), ...this.#releases(outcomes)]);
  }

  /** Arms users, whoever holds them. */
  async arm(outcomes: readonly DueOutcome[]): Promise<void> {
    await roundTrip(this.#link, this.#armings(outcomes));
  }

  /** How many are due in each partition, from the first one of this claim on. */
  async #waiting(now: Millis): Promise<readonly { readonly partition: number; readonly users: number }[]> {
    const partitions = Array.from({ length: duePartitions }, (_, index) => (this.#first + index) % duePartitions);
    const counts = partitions.flatMap((partition): Command[] => [
      ["ZCOUNT", this.#keys.due(partition), "-inf", now],
      ["ZCOUNT", this.#keys.claims(partition), "-inf", now],
    ]);
    const answers = await roundTrip(this.#link, counts);
    return partitions.map((partition, index) => ({ partition, users: Number(answers[2 * index]) + Number(answers[2 * index + 1]) }));
  }

  #plan(
    waiting: readonly { readonly partition: number; readonly users: number }[],
    limit: number,
    now: Millis,
  ): { readonly calls: readonly ScriptCall<Claimed>[]; readonly users: number } {
    const calls: ScriptCall<Claimed>[] = [];
    let left = limit;
    for (const { partition, users } of waiting) {
      for (let open = Math.min(users, left); open > 0; open -= usersPerScript) {
        const count = Math.min(open, usersPerScript);
        calls.push(claimCall(this.#keys, partition, now, count, this.#claimMs));
        left -= count;
      }
      this.#first = (partition + 1) % duePartitions;
      if (left === 0) break;
    }
    return { calls, users: limit - left };
  }

  #armings(outcomes: readonly DueOutcome[]): readonly Command[] {
    const entries = new Map<string, (string | number)[]>();
    for (const { userId, due } of outcomes) {
      if (due !== undefined) listOf(entries, this.#keys.due(this.#keys.partitionOf(userId))).push(due, userId);
    }
    return [
      // Never later than what a commit has asked for since: his entry is there already, and LT keeps it.
      ...[...entries].map(([key, scored]): Command => ["ZADD", key, "LT", ...scored]),
      ...outcomes.flatMap(({ userId, keepForMs }): Command[] =>
        keepForMs === undefined ? [] : [["PEXPIRE", this.#keys.record(userId), lifetime(keepForMs)]],
      ),
    ];
  }

  #releases(outcomes: readonly DueOutcome[]): readonly Command[] {
    const claims = new Map<string, string[]>();
    for (const { userId } of outcomes) listOf(claims, this.#keys.claims(this.#keys.partitionOf(userId))).push(userId);
    return [...claims].map(([key, userIds]): Command => ["ZREM", key, ...userIds]);
  }
}

function listOf<Entry>(lists: Map<string, Entry[]>, key: string): Entry[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
