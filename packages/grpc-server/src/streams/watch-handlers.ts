import type { handleServerStreamingCall } from "@grpc/grpc-js";
import { type PartyHub, PresenceError, parsePartyId, parseUserId, type UserId, type WatchHub } from "@presence/domain";
import type { WatchPartyRequest, WatchPresenceRequest } from "@presence/proto";
import { toServiceError } from "../errors/rpc-status.ts";
import { type Decoded, Malformed } from "../rpc/decoded.ts";
import { type Encoded, encodePartyEvent, encodeWatchEvent } from "./encoded-events.ts";
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

/** A snapshot first, then changes of these users. */
export function watchPresence(hub: WatchHub, streams: OpenStreams): handleServerStreamingCall<Decoded<WatchPresenceRequest>, Encoded> {
  return (call) => {
    attempt(call, () => {
      const { userIds } = wellFormed(call.request);
      if (userIds.length === 0) throw PresenceError.invalid("user_ids", "is empty; name at least one user");
      const watched = parseWatched(userIds);
      const outlet: Outlet = new Outlet(call, () => {
        const event = watch.take();
        return event && encodeWatchEvent(event);
      });
      const watch = hub.watch(() => outlet.wake());
      streams.add({ call, outlet, release: () => watch.close() });
      watch.add(watched);
    });
  };
}

/** A snapshot first, then changes of the members, who come and go. */
export function watchParty(parties: PartyHub, streams: OpenStreams): handleServerStreamingCall<Decoded<WatchPartyRequest>, Encoded> {
  return (call) => {
    attempt(call, () => {
      const partyId = parsePartyId(wellFormed(call.request).partyId);
      const outlet: Outlet = new Outlet(call, () => {
        const event = watch.take();
        return event && encodePartyEvent(partyId, event);
      });
      const watch = parties.watch(partyId, () => {
        if (watch.failure === undefined) outlet.wake();
        else streams.fail(stream, watch.failure);
      });
      const stream: OpenStream = { call, outlet, release: () => watch.close() };
      streams.add(stream);
      outlet.wake();
    });
  };
}

function wellFormed<Message>(request: Decoded<Message>): Message {
  if (request instanceof Malformed) throw request.toError();
  return request;
}

function attempt(call: { emit(event: "error", error: unknown): boolean }, open: () => void): void {
  try {
    open();
  } catch (error) {
    call.emit("error", toServiceError(PresenceError.from(error)));
  }
}
