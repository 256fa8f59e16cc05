import type { DeviceId } from "./ids.ts";
import type { ClaimStatus, Status } from "./status.ts";
import { longAgo, type Millis } from "./time.ts";

/** Most devices of a user; one more replaces the one whose lease ends first. */
export const maxDevices = 32;

/** One running app that gave a sign of life. */
export interface Device {
  readonly id: DeviceId;
  readonly leaseUntil: Millis;
  /** `never` where the device does not report idleness. */
  readonly activeUntil: Millis;
  readonly lastSeen: Millis;
  /** The stream that connected it last; undefined after a unary call. */
  readonly holder: string | undefined;
}

/** What the user chose by hand. */
export interface Claim {
  readonly status: ClaimStatus;
  /** `never` where it has no end. */
  readonly until: Millis;
}

/** Free text beside the status. */
export interface Message {
  readonly text: string;
  readonly until: Millis;
}

/** A device whose heartbeats are refused, until it stays silent for a lease. */
export interface LeftDevice {
  readonly id: DeviceId;
  readonly until: Millis;
}

/** All that is known of one user: a value, replaced as a whole. */
export interface PresenceRecord {
  /** Moves with every write; 0 for a user never seen. For compare-and-set, never shown. */
  readonly revision: number;
  /** Moves with visible changes only: max(previous + 1, the change's instant in µs). */
  readonly version: number;
  /** The visible status at `settledAt`. */
  readonly status: Status;
  /** When that status began; `longAgo` for a user never seen. */
  readonly since: Millis;
  /** Last sign of life, as shown while OFFLINE; `longAgo` where there was none. */
  readonly lastSeen: Millis;
  /** Up to which instant time has been accounted for in `status`, `since` and `version`. */
  readonly settledAt: Millis;
  /** A session hash was found at a sign of life since the last connect. */
  readonly bound: boolean;
  readonly claim: Claim | undefined;
  readonly message: Message | undefined;
  readonly devices: readonly Device[];
  readonly left: readonly LeftDevice[];
}

/** The record of a user of whom nothing is known. */
export const unknownRecord: PresenceRecord = {
  revision: 0,
  version: 0,
  status: "OFFLINE",
  since: longAgo,
  lastSeen: longAgo,
  settledAt: longAgo,
  bound: false,
  claim: undefined,
  message: undefined,
  devices: [],
  left: [],
};
