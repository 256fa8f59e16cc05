import { millis, PresenceError, type UserId } from "@presence/domain";
import type { Keys } from "../keys.ts";
import { decodeRecord, isKnownFormat } from "../record-text.ts";
import type { Answer, RecordFacts, SessionFacts, UserFacts } from "./facts.ts";
import { redisTime } from "./gather-server.ts";
import { type Question, type Questions, together } from "./questions.ts";

/** Users in one round trip: others get their turn in between. */
const perRoundTrip = 50;

/** All that belongs to each of these users. */
export async function observeUsers(questions: Questions, keys: Keys, userIds: readonly UserId[]): Promise<Answer<readonly UserFacts[]>> {
  const users: UserFacts[] = [];
  for (let from = 0; from < userIds.length; from += perRoundTrip) {
    const some = await observeSome(questions, keys, userIds.slice(from, from + perRoundTrip));
    if ("refused" in some) return some;
    users.push(...some.known);
  }
  return { known: users };
}

async function observeSome(questions: Questions, keys: Keys, userIds: readonly UserId[]): Promise<Answer<readonly UserFacts[]>> {
  const time = await redisTime(questions);
  if ("refused" in time) return time;
  const asked = userIds.map((userId) => questionsAbout(keys, userId));
  const answers = await questions.askAll(asked.flat());
  const users: UserFacts[] = [];
  let from = 0;
  for (const [index, userId] of userIds.entries()) {
    const own = answers.slice(from, from + (asked[index]?.length ?? 0));
    from += own.length;
    // What a key of the wrong type refuses, its TYPE has told.
    const read = together(
      own.map((answer) => ("refused" in answer && answer.refused.includes("WRONGTYPE") ? { known: undefined } : answer)),
    );
    if ("refused" in read) return read;
    users.push(userFrom(userId, time.known, read.known));
  }
  return { known: users };
}

function questionsAbout(keys: Keys, userId: UserId): readonly Question[] {
  const [record, session, partition] = [keys.record(userId), keys.session(userId), keys.partitionOf(userId)];
  return [
    ["TYPE", record],
    ["GET", record],
    ["PTTL", record],
    ["ZSCORE", keys.due(partition), userId],
    ["ZSCORE", keys.claims(partition), userId],
    ["TYPE", session],
    ["PTTL", session],
    ["HGET", session, "status"],
    ["HLEN", session],
  ];
}

function userFrom(userId: UserId, at: UserFacts["at"], answers: readonly unknown[]): UserFacts {
  const [recordType, text, recordTtl, due, claim, sessionType, sessionTtl, status, fields] = answers as [
    string,
    string | null | undefined,
    number,
    string | null,
    string | null,
    string,
    number,
    string | null | undefined,
    number | undefined,
  ];
  const session: SessionFacts | undefined =
    sessionType === "none" || sessionTtl === -2
      ? undefined
      : { type: sessionType, ttlMs: sessionTtl === -1 ? undefined : sessionTtl, status: status ?? undefined, fields: fields ?? 0 };
  return {
    userId,
    at,
    record: recordFrom(recordType, text, recordTtl !== -1),
    dueAt: due === null ? undefined : millis(Number(due)),
    claimed: claim !== null,
    session,
  };
}

function recordFrom(type: string, text: string | null | undefined, expires: boolean): RecordFacts | undefined {
  if (type === "none" || text === null) return undefined;
  if (text === undefined) return { kind: "damaged" };
  if (!isKnownFormat(text)) return { kind: "unknown-format" };
  try {
    return { kind: "readable", record: decodeRecord(text), expires };
  } catch (error) {
    if (!(error instanceof PresenceError)) throw error;
    return { kind: "damaged" };
  }
}
