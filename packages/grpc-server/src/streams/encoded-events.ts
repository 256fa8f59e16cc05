import { countStatuses, type PartyId, type PartyWatchEvent, type Presence, type WatchEvent } from "@presence/domain";
import { AttachResponse, FeedState, type Party, type PresenceSnapshot, WatchPartyResponse, WatchPresenceResponse } from "@presence/proto";
import { toCounts, toPresence } from "../codec/presence.ts";

/** Bytes of one message on a stream. */
export type Encoded = Buffer;

/** What an Attach stream says. */
export type AttachedResponse = NonNullable<AttachResponse["response"]>;

const feedStates = { LIVE: FeedState.LIVE, STALE: FeedState.STALE } as const;

// One change goes to all its watchers: it is encoded once for all of them, and forgotten with the presence itself.
const changes = new WeakMap<Presence, Encoded>();
const attachedChanges = new WeakMap<Presence, Encoded>();

function once(cache: WeakMap<Presence, Encoded>, presence: Presence, encode: () => Encoded): Encoded {
  const known = cache.get(presence);
  if (known !== undefined) return known;
  const bytes = encode();
  cache.set(presence, bytes);
  return bytes;
}

function snapshotOf(presences: readonly Presence[]): PresenceSnapshot {
  return { presences: presences.map(toPresence) };
}

function partyOf(partyId: PartyId, presences: readonly Presence[]): Party {
  const counts = countStatuses(presences.map((presence) => ({ presence, validUntil: undefined })));
  const members = presences.map(toPresence).sort((a, b) => (a.userId < b.userId ? -1 : 1));
  return { partyId, members, counts: toCounts(counts) };
}

/** For WatchPresence. */
export function encodeWatchEvent(event: WatchEvent): Encoded {
  switch (event.kind) {
    case "change":
      return encodeChange(event.presence);
    case "snapshot":
      return bytesOf(WatchPresenceResponse.encode({ event: { $case: "snapshot", value: snapshotOf(event.presences) } }));
    case "feed":
      return bytesOf(WatchPresenceResponse.encode({ event: { $case: "feed", value: { state: feedStates[event.state] } } }));
  }
}

/** For WatchParty. */
export function encodePartyEvent(partyId: PartyId, event: PartyWatchEvent): Encoded {
  switch (event.kind) {
    case "change":
      // The same field and message as in WatchPresenceResponse, so the same bytes.
      return encodeChange(event.presence);
    case "snapshot":
      return bytesOf(WatchPartyResponse.encode({ event: { $case: "snapshot", value: { party: partyOf(partyId, event.presences) } } }));
    case "joined":
      return bytesOf(WatchPartyResponse.encode({ event: { $case: "joined", value: { presence: toPresence(event.presence) } } }));
    case "left":
      return bytesOf(WatchPartyResponse.encode({ event: { $case: "left", value: { userId: event.userId } } }));
    case "feed":
      return bytesOf(WatchPartyResponse.encode({ event: { $case: "feed", value: { state: feedStates[event.state] } } }));
  }
}

/** For users watched on an Attach stream. */
export function encodeAttachedEvent(event: WatchEvent): Encoded {
  switch (event.kind) {
    case "change":
      return encodeAttachedChange(event.presence);
    case "snapshot":
      return attached({ $case: "presence", value: { event: { $case: "snapshot", value: snapshotOf(event.presences) } } });
    case "feed":
      return attached({ $case: "feed", value: { state: feedStates[event.state] } });
  }
}

/** For parties watched on an Attach stream; changes of members are changes of users there. */
export function encodeAttachedPartyEvent(partyId: PartyId, event: PartyWatchEvent): Encoded {
  switch (event.kind) {
    case "change":
      return encodeAttachedChange(event.presence);
    case "snapshot":
      return attached({
        $case: "party",
        value: { partyId, event: { $case: "snapshot", value: { party: partyOf(partyId, event.presences) } } },
      });
    case "joined":
      return attached({ $case: "party", value: { partyId, event: { $case: "joined", value: { presence: toPresence(event.presence) } } } });
    case "left":
      return attached({ $case: "party", value: { partyId, event: { $case: "left", value: { userId: event.userId } } } });
    case "feed":
      return attached({ $case: "feed", value: { state: feedStates[event.state] } });
  }
}

function encodeChange(presence: Presence): Encoded {
  return once(changes, presence, () =>
    bytesOf(WatchPresenceResponse.encode({ event: { $case: "change", value: { presence: toPresence(presence) } } })),
  );
}

function encodeAttachedChange(presence: Presence): Encoded {
  return once(attachedChanges, presence, () =>
    attached({ $case: "presence", value: { event: { $case: "change", value: { presence: toPresence(presence) } } } }),
  );
}

/** An answer on an Attach stream, or an event where `requestId` is 0. */
export function encodeAttached(requestId: bigint, response: AttachedResponse): Encoded {
  return bytesOf(AttachResponse.encode({ requestId, response }));
}

function attached(response: AttachedResponse): Encoded {
  return encodeAttached(0n, response);
}

// The same memory, as grpc-js wants it.
function bytesOf(writer: { finish(): Uint8Array }): Encoded {
  const { buffer, byteOffset, byteLength } = writer.finish();
  return Buffer.from(buffer, byteOffset, byteLength);
}
