import type { OwnClaim, OwnPresence, PartyPresence, Presence, PresenceNow, StatusCounts } from "@presence/domain";
import { statuses } from "@presence/domain";
import type * as proto from "@presence/proto";
import { toDate } from "./instant.ts";
import { toWireStatus } from "./status.ts";

/** A presence as watchers get it: without the hint of how long it holds, which is no part of the state. */
export function toPresence({ userId, status, since, lastSeen, message, version }: Presence): proto.Presence {
  return {
    userId,
    status: toWireStatus(status),
    since: toDate(since),
    lastSeen: toDate(lastSeen),
    message,
    version: BigInt(version),
    validUntil: undefined,
  };
}

/** A presence as a unary answer has it. */
export function toPresenceNow({ presence, validUntil }: PresenceNow): proto.Presence {
  return { ...toPresence(presence), validUntil: toDate(validUntil) };
}

/** A presence and the claim behind it, for the user himself. */
export function toOwnPresence(own: OwnPresence): { presence: proto.Presence; claim: proto.Claim | undefined } {
  return { presence: toPresenceNow(own), claim: own.claim && toClaim(own.claim) };
}

export function toClaim({ status, until, message }: OwnClaim): proto.Claim {
  return { status: toWireStatus(status), until: toDate(until), message };
}

export function toParty({ partyId, members, counts }: PartyPresence): proto.Party {
  return { partyId, members: members.map(toPresenceNow), counts: toCounts(counts) };
}

/** Every status has its count, also where it is 0. */
export function toCounts(counts: StatusCounts): proto.StatusCount[] {
  return statuses.map((status) => ({ status: toWireStatus(status), count: counts[status] }));
}
