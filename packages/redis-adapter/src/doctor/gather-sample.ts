import { setTimeout as sleep } from "node:timers/promises";
import { type Millis, millis, type UserId } from "@presence/domain";
import type { Keys } from "../keys.ts";
import type { Answer, ClockFacts, Expectations, Sample, UserFacts } from "./facts.ts";
import { observeUsers } from "./observe-users.ts";
import type { Questions } from "./questions.ts";
import { isUnswept, sessionDrift } from "./user-drift.ts";

/** Users drawn from the records, and again from the sessions; where many servers share the users, fewer from each. */
const wanted = 500;
const leastWanted = 50;
/** Keys that one SCAN looks at, and SCANs until we make do with what there is. */
const perScan = 1_000;
const maxScans = 100;
const maxScanMs = 1_000;
/** Who looks wrong may just be in the middle of a change. */
const secondLookMs = 400;

/** Draws some users, and reads all that belongs to them. */
export async function gatherSample(
  { own, all }: { readonly own: Questions; readonly all: Questions },
  keys: Keys,
  expected: Expectations,
  { clock, of }: { readonly clock: ClockFacts | undefined; readonly of: number },
): Promise<Answer<Sample>> {
  const enough = Math.max(leastWanted, Math.round(wanted / of));
  const records = await drawKeys(own, keys.recordPattern, () => true, enough);
  if ("refused" in records) return records;
  const isSession = (key: string) => !key.startsWith(expected.keyPrefix) && keys.userOfSession(key) !== undefined;
  const sessions = await drawKeys(own, pattern(expected.sessionKey), isSession, enough);
  if ("refused" in sessions) return sessions;
  const ofRecords = records.known.map((key) => keys.userOfRecord(key));
  const drawn = [...ofRecords, ...sessions.known.map((key) => keys.userOfSession(key))];
  const userIds = [...new Set(drawn.filter((userId): userId is UserId => userId !== undefined))];

  const first = await observeUsers(all, keys, userIds);
  if ("refused" in first) return first;
  const view = { window: clock?.window, blindUntil: clock?.blindUntil ?? (0 as Millis) };
  const suspects = first.known.filter(
    (user) => isUnswept(user, view, expected.leaseTtlMs) || sessionDrift(user, view.window, expected).length > 0,
  );
  let users = first.known;
  if (suspects.length > 0) {
    await sleep(secondLookMs);
    const second = await observeUsers(
      all,
      keys,
      suspects.map(({ userId }) => userId),
    );
    if ("refused" in second) return second;
    const again = new Map(second.known.map((user): [UserId, UserFacts] => [user.userId, user]));
    users = users.map((user) => again.get(user.userId) ?? user);
  }
  return {
    known: {
      window: view.window,
      blindUntil: millis(view.blindUntil),
      records: records.known.length,
      strangers: ofRecords.filter((userId) => userId === undefined).length,
      users,
      othersHold: { records: false, sessions: false },
    },
  };
}

/** Some keys of a pattern. The whole of a large Redis is never looked through. */
async function drawKeys(
  questions: Questions,
  match: string,
  isWanted: (key: string) => boolean,
  enough: number,
): Promise<Answer<readonly string[]>> {
  const found = new Set<string>();
  const until = performance.now() + maxScanMs;
  let cursor = "0";
  for (let scan = 0; scan < maxScans && performance.now() < until; scan++) {
    const answer = await questions.ask(["SCAN", cursor, "MATCH", match, "COUNT", perScan]);
    if ("refused" in answer) return answer;
    const [next, keys] = answer.known as [string, string[]];
    for (const key of keys) if (isWanted(key)) found.add(key);
    if (next === "0" || found.size >= enough) break;
    cursor = next;
  }
  return { known: [...found].slice(0, enough) };
}

function pattern(template: string): string {
  return template.replace(/[*?[\]\\]/g, "\\$&").replace("%s", "*");
}
