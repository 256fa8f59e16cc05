import {
  isId,
  maxPartyMembers,
  type PartyDirectory,
  type PartyId,
  type PartyMembers,
  PresenceError,
  parseUserId,
  type SessionDirectory,
  type SessionInfo,
  type UserId,
} from "@presence/domain";
import type { Keys } from "./keys.ts";
import type { RedisLink } from "./link.ts";
import { roundTrip } from "./round-trip.ts";
import { membersCall } from "./script-calls.ts";

/** The auth service's session hashes. */
export class RedisSessionDirectory implements SessionDirectory {
  readonly #link: RedisLink;
  readonly #keys: Keys;

  constructor(link: RedisLink, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async find(userId: UserId): Promise<SessionInfo | undefined> {
    const key = this.#keys.session(userId);
    const [fields, ttl] = await roundTrip(this.#link, [
      ["HMGET", key, "sessionId", "roles"],
      ["PTTL", key],
    ]);
    const [sessionId, roles] = fields as (string | null)[];
    if (ttl === -2) return undefined;
    return { sessionId: sessionId ?? undefined, roles: roles ?? undefined, ttlMs: ttl === -1 ? undefined : Number(ttl) };
  }
}

/** The party service's sets of members. */
export class RedisPartyDirectory implements PartyDirectory {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #follow: PartyDirectory["follow"];

  constructor(link: RedisLink, keys: Keys, follow: PartyDirectory["follow"]) {
    this.#link = link;
    this.#keys = keys;
    this.#follow = follow;
  }

  async members(partyId: PartyId): Promise<PartyMembers> {
    const { command, result } = membersCall(this.#keys, partyId);
    const [answer] = await roundTrip(this.#link, [command]);
    const members = result(answer);
    if (typeof members === "number") {
      throw new PresenceError("LIMIT_EXCEEDED", `party ${partyId} has ${members} members; up to ${maxPartyMembers} can be listed`);
    }
    const userIds = members.filter(isId).map((member) => parseUserId(member));
    return { userIds, invalid: members.length - userIds.length };
  }

  async isMember(partyId: PartyId, userId: UserId): Promise<boolean> {
    const [found] = await roundTrip(this.#link, [["SISMEMBER", this.#keys.party(partyId), userId]]);
    return found === 1;
  }

  follow(partyId: PartyId, changed: () => void): () => void {
    return this.#follow(partyId, changed);
  }
}
