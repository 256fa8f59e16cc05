import type { UserId } from "./ids.ts";
import { nextVisibleChange } from "./next-change.ts";
import type { PresenceRecord } from "./record.ts";
import { aboveLost, settle } from "./settle.ts";
import type { Status } from "./status.ts";
import { longAgo, type Millis } from "./time.ts";
import type { Moment } from "./watched-time.ts";

/** What others see of a user. */
export interface Presence {
  readonly userId: UserId;
  readonly status: Status;
  /** When this status began; undefined for a user never seen. */
  readonly since: Millis | undefined;
  /** Only while OFFLINE, and only for a user who was ever seen. */
  readonly lastSeen: Millis | undefined;
  /** Empty: none. Hidden while OFFLINE. */
  readonly message: string;
  /** Strictly increasing per user; the same version always means the same state. 0: never seen. */
  readonly version: number;
}

/** A presence, and until when it holds if nothing happens; undefined with OFFLINE, which tells nothing more. */
export interface PresenceNow {
  readonly presence: Presence;
  readonly validUntil: Millis | undefined;
}

/** The presence of `record` at `moment`: pure, so that an answer is right even when no sweep ran. */
export function presenceAt(userId: UserId, record: PresenceRecord, moment: Moment): Presence {
  return presenceOf(userId, settle(aboveLost(record, moment), moment).record);
}

/** `presenceAt` with the next instant at which it would change by time alone. */
export function presenceNow(userId: UserId, record: PresenceRecord, moment: Moment): PresenceNow {
  const settled = settle(aboveLost(record, moment), moment).record;
  return {
    presence: presenceOf(userId, settled),
    validUntil: settled.status === "OFFLINE" ? undefined : nextVisibleChange(settled, moment.window)?.at,
  };
}

/** The visible part of a record that is settled at the instant in question. */
export function presenceOf(userId: UserId, settled: PresenceRecord): Presence {
  const offline = settled.status === "OFFLINE";
  return {
    userId,
    status: settled.status,
    since: settled.since === longAgo ? undefined : settled.since,
    lastSeen: offline && settled.lastSeen !== longAgo ? settled.lastSeen : undefined,
    message: offline ? "" : (settled.message?.text ?? ""),
    version: settled.version,
  };
}
