import { PresenceError, type UserId } from "@presence/domain";
import type { Redis } from "ioredis";
import type { Keys } from "./keys.ts";
import { roundTrip } from "./round-trip.ts";

/** Where a scan goes on: Redis's own cursor, and the last key told of what it gives, if that was more than a page. */
interface Position {
  readonly cursor: string;
  readonly after: string;
}

/** A page comes back short rather than after more than so many round trips through keys of others. */
const maxRounds = 50;

/** The users who have a record, from `token` on, at most `limit`. */
export async function scanRecords(
  client: Redis,
  keys: Keys,
  token: string | undefined,
  limit: number,
): Promise<{ userIds: UserId[]; next: string | undefined }> {
  let { cursor, after } = decodeToken(token);
  // Redis gives a few more than it is asked for. Half a page at a time nearly always fits as a whole, so that the place
  // to go on from is a cursor of Redis's own, which misses nobody, whoever comes and goes meanwhile.
  const count = Math.max(1, Math.floor(limit / 2));
  const userIds: UserId[] = [];
  for (let round = 0; round < maxRounds && userIds.length + count <= limit; round++) {
    const [answer] = await roundTrip(client, [["SCAN", cursor, "MATCH", keys.recordPattern, "COUNT", count]]);
    const [next, found] = answer as [string, string[]];
    const fresh = after === "" ? found : found.sort().filter((key) => key > after);
    if (userIds.length + fresh.length > limit) {
      if (userIds.length > 0) break;
      const told = fresh.sort().slice(0, limit);
      return { userIds: told.flatMap((key) => keys.userOfRecord(key) ?? []), next: encodeToken({ cursor, after: told.at(-1) ?? "" }) };
    }
    userIds.push(...fresh.flatMap((key) => keys.userOfRecord(key) ?? []));
    if (next === "0") return { userIds, next: undefined };
    cursor = next;
    after = "";
  }
  return { userIds, next: encodeToken({ cursor, after }) };
}

function encodeToken({ cursor, after }: Position): string {
  return `${cursor}.${Buffer.from(after).toString("base64url")}`;
}

function decodeToken(token: string | undefined): Position {
  if (token === undefined) return { cursor: "0", after: "" };
  const [, cursor, after] = /^(\d{1,20})\.([\w-]*)$/.exec(token) ?? [];
  if (cursor === undefined || after === undefined) throw PresenceError.invalid("page_token", "is none that a page before has given");
  return { cursor, after: Buffer.from(after, "base64url").toString() };
}
