import { isId, parseUserId } from "@presence/domain";
import type { Keys } from "../keys.ts";
import type { Answer, DueFacts } from "./facts.ts";
import { redisTime } from "./gather-server.ts";
import { mapped, type Question, type Questions, together } from "./questions.ts";

/** Of each partition, so many entries are looked up. */
const lookedUp = 8;

/** How full and how late the due index is, and whether its entries stand for anybody. */
export async function gatherDue(questions: Questions, keys: Keys, partitions: readonly number[]): Promise<Answer<DueFacts>> {
  const time = await redisTime(questions);
  if ("refused" in time) return time;
  const now = time.known;
  const sets = partitions.flatMap((partition) => [keys.due(partition), keys.claims(partition)]);
  const perSet = 3;
  const answers = together(
    await questions.askAll(
      sets.flatMap((key): Question[] => [
        ["ZCARD", key],
        ["ZCOUNT", key, "-inf", now],
        // Ordered by time, so the first is the one who waits longest.
        ["ZRANGE", key, 0, lookedUp - 1, "WITHSCORES"],
      ]),
    ),
  );
  if ("refused" in answers) return answers;
  const read = sets.map((_, index) => {
    const [entries, overdue, first] = answers.known.slice(perSet * index, perSet * (index + 1)) as [number, number, string[]];
    return { entries, overdue, first };
  });
  // Of a claim, what counts is that it is out of time: its sweeper died.
  const lags = read.map(({ first }) => (first[1] === undefined ? 0 : now - Number(first[1])));
  const total = (part: "entries" | "overdue") => read.reduce((sum, set) => sum + set[part], 0);
  const userIds = read.flatMap(({ first }) => first.filter((_, index) => index % 2 === 0).filter(isId));
  const orphans = await withoutRecord(questions, keys, [...new Set(userIds)]);
  return mapped(orphans, (withoutRecord) => ({
    entries: total("entries"),
    overdue: total("overdue"),
    lagMs: Math.max(0, ...lags),
    checked: userIds.length,
    withoutRecord,
  }));
}

/** How many have no record, and still are due when asked again: a sweep may just have dropped them. */
async function withoutRecord(questions: Questions, keys: Keys, members: readonly string[]): Promise<Answer<number>> {
  const userIds = members.map((member) => parseUserId(member));
  const found = together(await questions.askAll(userIds.map((userId) => ["EXISTS", keys.record(userId)])));
  if ("refused" in found) return found;
  const missing = userIds.filter((_, index) => found.known[index] === 0);
  const still = together(await questions.askAll(missing.map((userId) => ["ZSCORE", keys.due(keys.partitionOf(userId)), userId])));
  return mapped(still, (scores) => scores.filter((score) => score !== null).length);
}
