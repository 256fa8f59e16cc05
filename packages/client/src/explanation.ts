import type { Claim, Presence, Status, StatusCounts } from "./presence.ts";

/** One running app of a user, or one that left. */
export interface Device {
  readonly deviceId: string;
  readonly leaseUntil: Date | undefined;
  /** Undefined: it does not report idleness. */
  readonly activeUntil: Date | undefined;
  /** A stream holds it. */
  readonly attached: boolean;
  /** It left, and heartbeats of it are refused. */
  readonly left: boolean;
}

/** The auth service's session of a user. */
export interface SessionInfo {
  readonly exists: boolean;
  /** It was found at a sign of life since the last connect, so its end ends the devices. */
  readonly bound: boolean;
  /** Milliseconds; undefined: it has no end. */
  readonly ttlMs: number | undefined;
}

/** What time alone changes next. */
export interface NextChange {
  readonly at: Date | undefined;
  readonly status: Status;
  readonly because: string;
}

/** Why a user shows as he does. */
export interface Explanation {
  readonly presence: Presence;
  readonly claim: Claim | undefined;
  readonly devices: readonly Device[];
  readonly session: SessionInfo;
  /** One sentence. */
  readonly because: string;
  /** Undefined: nothing changes by time alone. */
  readonly next: NextChange | undefined;
}

/** The service at a glance. */
export interface Stats {
  readonly counts: StatusCounts;
  /** Devices that live. */
  readonly devices: number;
  readonly watchStreams: number;
  /** How late the sweep is. Milliseconds. */
  readonly sweepLagMs: number;
  /** Whether watchers may trust what they see; undefined where the server does not say. */
  readonly feed: "LIVE" | "STALE" | undefined;
  readonly uptimeMs: number;
  readonly version: string;
  /** `memory`, `redis`. */
  readonly store: string;
}
