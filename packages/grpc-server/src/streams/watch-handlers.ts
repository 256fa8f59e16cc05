import {
  mayKeepWatching,
  notHisParty,
  type PartyHub,
  PresenceError,
  parsePartyId,
  parseUserId,
  type UserId,
  type WatchHub,
} from "@presence/domain";
import type { WatchPartyRequest, WatchPresenceRequest } from "@presence/proto";
import type { OpenIdentities } from "../auth/open-identities.ts";
import type { ServerStreamHandler } from "../rpc/service-types.ts";
import { encodePartyEvent, encodeWatchEvent } from "./encoded-events.ts";
import type { OpenStream, OpenStreams } from "./open-streams.ts";
import { Outlet } from "./outlet.ts";

/** Most users on one stream. */
export const maxWatched = 5_000;

/** @throws PresenceError `INVALID_ARGUMENT` naming the user id, `LIMIT_EXCEEDED` beyond 5,000 */
export function parseWatched(userIds: readonly string[], field = "user_ids"): UserId[] {
  if (userIds.length > maxWatched)
    throw new PresenceError("LIMIT_EXCEEDED", `${field} has ${userIds.length} users; one stream may watch ${maxWatched}`);
  return [...new Set(userIds.map((userId, index) => parseUserId(userId, `${field}[${index}]`)))];
}

/** What the handlers of watches share. */
export interface WatchParts {
  readonly streams: OpenStreams;
  readonly identities: OpenIdentities;
}

/** A snapshot first, then changes of these users. */
export function watchPresence(hub: WatchHub, { streams, identities }: WatchParts): ServerStreamHandler<WatchPresenceRequest> {
  return (call, { userIds }, identity) => {
    if (userIds.length === 0) throw PresenceError.invalid("user_ids", "is empty; name at least one user");
    const watched = parseWatched(userIds);
    const outlet: Outlet = new Outlet(call, () => {
      const event = watch.take();
      return event && encodeWatchEvent(event);
    });
    const watch = hub.watch(() => outlet.wake());
    const unfollow = identities.follow(identity, (error) => streams.fail(stream, error));
    const release = () => {
      unfollow();
      watch.close();
    };
    const stream: OpenStream = { call, outlet, release };
    streams.add(stream);
    watch.add(watched);
  };
}

/** A snapshot first, then changes of the members, who come and go; until the caller is none of them any more. */
export function watchParty(parties: PartyHub, { streams, identities }: WatchParts): ServerStreamHandler<WatchPartyRequest> {
  return (call, request, identity) => {
    const partyId = parsePartyId(request.partyId);
    const outlet: Outlet = new Outlet(call, () => {
      const { userId } = identity.caller;
      if (!mayKeepWatching(identity.caller, userId && watch.has(userId))) {
        streams.fail(stream, notHisParty(partyId));
        return undefined;
      }
      const event = watch.take();
      return event && encodePartyEvent(partyId, event);
    });
    const watch = parties.watch(partyId, () => {
      if (watch.failure === undefined) outlet.wake();
      else streams.fail(stream, watch.failure);
    });
    const unfollow = identities.follow(identity, (error) => streams.fail(stream, error));
    const release = () => {
      unfollow();
      watch.close();
    };
    const stream: OpenStream = { call, outlet, release };
    streams.add(stream);
    outlet.wake();
  };
}
