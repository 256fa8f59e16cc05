import { PresenceError, type UserId } from "@presence/domain";
import type { Keys } from "./keys.ts";
import type { KeyHolder, RedisLink } from "./link.ts";
import { roundTrip } from "./round-trip.ts";

/** Where a scan goes on: whose keys, Redis's own cursor, and the last key told of what it gives, if that was more than a page. */
interface Position {
  readonly holder: string;
  readonly cursor: string;
  readonly after: string;
}

interface Page {
  readonly userIds: readonly UserId[];
  readonly next: Position | undefined;
}

/** A page comes back short rather than after more than so many round trips through keys of others. */
const maxRounds = 50;

/** The users who have a record, from `token` on, at most `limit`: one holder of keys after the other. */
export async function scanRecords(
  link: RedisLink,
  keys: Keys,
  token: string | undefined,
  limit: number,
): Promise<{ userIds: readonly UserId[]; next: string | undefined }> {
  const from = decodeToken(token);
  const holders = link.holders();
  // Who holds no keys any more has given them to others; they are in order, so that the scan goes on with the next one.
  const index = holders.findIndex(({ name }) => name >= from.holder);
  const holder = holders[index];
  if (holder === undefined) return { userIds: [], next: undefined };
  const start = holder.name === from.holder ? from : { holder: holder.name, cursor: "0", after: "" };
  const { userIds, next } = await scanHolder({ ...link, send: (commands) => holder.send(commands) }, holder, keys, start, limit);
  if (next !== undefined) return { userIds, next: encodeToken(next) };
  const following = holders[index + 1];
  return { userIds, next: following && encodeToken({ holder: following.name, cursor: "0", after: "" }) };
}

async function scanHolder(link: RedisLink, { name: holder }: KeyHolder, keys: Keys, start: Position, limit: number): Promise<Page> {
  let { cursor, after } = start;
  // Redis gives a few more than it is asked for. Half a page at a time nearly always fits as a whole, so that the place
  // to go on from is a cursor of Redis's own, which misses nobody, whoever comes and goes meanwhile.
  const count = Math.max(1, Math.floor(limit / 2));
  const userIds: UserId[] = [];
  for (let round = 0; round < maxRounds && userIds.length + count <= limit; round++) {
    const [answer] = await roundTrip(link, [["SCAN", cursor, "MATCH", keys.recordPattern, "COUNT", count]]);
    const [next, found] = answer as [string, string[]];
    const fresh = after === "" ? found : found.sort().filter((key) => key > after);
    if (userIds.length + fresh.length > limit) {
      if (userIds.length > 0) break;
      const told = fresh.sort().slice(0, limit);
      return { userIds: told.flatMap((key) => keys.userOfRecord(key) ?? []), next: { holder, cursor, after: told.at(-1) ?? "" } };
    }
    userIds.push(...fresh.flatMap((key) => keys.userOfRecord(key) ?? []));
    if (next === "0") return { userIds, next: undefined };
    cursor = next;
    after = "";
  }
  return { userIds, next: { holder, cursor, after } };
}

function encodeToken({ holder, cursor, after }: Position): string {
  return [cursor, after, holder].map((part, index) => (index === 0 ? part : Buffer.from(part).toString("base64url"))).join(".");
}

function decodeToken(token: string | undefined): Position {
  if (token === undefined) return { holder: "", cursor: "0", after: "" };
  const [, cursor, after, holder] = /^(\d{1,20})\.([\w-]*)\.([\w-]*)$/.exec(token) ?? [];
  if (cursor === undefined || after === undefined || holder === undefined) {
    throw PresenceError.invalid("page_token", "is none that a page before has given");
  }
  return { holder: text(holder), cursor, after: text(after) };
}

function text(encoded: string): string {
  return Buffer.from(encoded, "base64url").toString();
}
