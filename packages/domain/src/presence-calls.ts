import type { DeviceId, PartyId, UserId } from "./ids.ts";
import type { PresenceNow } from "./presence.ts";
import type { Status } from "./status.ts";
import type { StatusCounts } from "./status-counts.ts";
import type { Millis } from "./time.ts";

// What `PresenceService` takes and gives. Durations are milliseconds.

/** What the user chose, for himself only. */
export interface OwnClaim {
  readonly status: Status;
  /** Undefined: no end. */
  readonly until: Millis | undefined;
  readonly message: string;
}

/** An answer to the user himself. */
export interface OwnPresence extends PresenceNow {
  readonly claim: OwnClaim | undefined;
}

export interface ConnectCall {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly idleForMs?: number | undefined;
  /** The stream that holds the device. */
  readonly holder?: string | undefined;
}

export interface SetStatusCall {
  readonly userId: UserId;
  readonly status: Status;
  /** Defaults to `MANUAL`. */
  readonly reason?: "MANUAL" | "INACTIVITY";
  readonly expiresInMs?: number | undefined;
  readonly message?: string;
  readonly deviceId?: DeviceId | undefined;
}

export interface OverrideCall {
  readonly userId: UserId;
  readonly status: Status;
  readonly expiresInMs?: number | undefined;
  readonly message?: string;
  readonly ensureOnline?: boolean;
}

export interface PartyPresence {
  readonly partyId: PartyId;
  /** Sorted by user id. */
  readonly members: readonly PresenceNow[];
  readonly counts: StatusCounts;
  /** Members whose names are no user ids; they are left out. */
  readonly invalidMembers: number;
}

export interface UserPage {
  readonly presences: readonly PresenceNow[];
  /** Opaque; undefined after the last page. */
  readonly next: string | undefined;
}
