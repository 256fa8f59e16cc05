export { AccessPolicy, type Act, actsForAnyone, mayKeepWatching, notHisParty } from "./access/access-policy.ts";
export { anyone, type Caller, parseRoles, type Role } from "./access/caller.ts";
export { checkBatch, checkExpiresIn, checkIdleFor, checkMessage, maxBatch, maxExpiresInMs, maxMessageLength } from "./arguments.ts";
export type { HeldDevice, HeldStream } from "./attach/held-stream.ts";
export { LeaseKeeper, type LeaseKeeperOptions, type LeaseRenewer } from "./attach/lease-keeper.ts";
export { type FieldViolation, PresenceError, type PresenceErrorCode } from "./errors.ts";
export type { Explanation } from "./explanation.ts";
export type { HeartbeatCall, HeartbeatOutcome } from "./heartbeats.ts";
export { type DeviceId, isId, maxIdLength, type PartyId, parseDeviceId, parsePartyId, parseUserId, type UserId } from "./ids.ts";
export { defaultPolicy, type PresencePolicy, presencePolicy, type SessionTtlPolicy, watchGapMs } from "./policy.ts";
export {
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  type FeedListener,
  type Loaded,
  maxPartyMembers,
  type PartyDirectory,
  type PartyMembers,
  type PresenceFeed,
  type PresenceStore,
  type RecordPage,
  type RecordWithSession,
  type Renewal,
  type RenewalResult,
  type SessionDirectory,
  type SessionInfo,
} from "./ports.ts";
export { type Presence, type PresenceNow, presenceAt, presenceNow } from "./presence.ts";
export type { ConnectCall, OverrideCall, OwnClaim, OwnPresence, PartyPresence, SetStatusCall, UserPage } from "./presence-calls.ts";
export { PresenceService, type PresenceServiceOptions } from "./presence-service.ts";
export { type Claim, type Device, type LeftDevice, type Message, maxDevices, type PresenceRecord, unknownRecord } from "./record.ts";
export { refusalError } from "./refusal.ts";
export type { Repair } from "./repair.ts";
export { type ClaimStatus, isStatus, type Status, statuses } from "./status.ts";
export { countStatuses, type StatusCounts, type StoreCounts } from "./status-counts.ts";
export type { Sweep } from "./sweep.ts";
export { after, earliest, latest, longAgo, type Millis, millis, never } from "./time.ts";
export { type Cause, causes, isLegal, type Move, transitions } from "./transitions.ts";
export { PartyHub, type PartyHubOptions } from "./watch/party-hub.ts";
export type { PartyWatch } from "./watch/party-watch.ts";
export type { Watch } from "./watch/watch.ts";
export type { FeedState, PartyWatchEvent, WatchEvent } from "./watch/watch-event.ts";
export { type PresenceSource, WatchHub, type WatchHubCounters, type WatchHubOptions } from "./watch/watch-hub.ts";
export { advanceClock, blindMs, type TickMemory, type WatchClock, type WatchClockPolicy } from "./watch-clock.ts";
export { effective, type Moment, mayBeLost, type Window } from "./watched-time.ts";
