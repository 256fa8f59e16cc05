import type { PresenceRecord } from "./record.ts";
import type { Status } from "./status.ts";
import { messageAt, nextDeadline, statusAt } from "./status-at.ts";
import { latest, type Millis } from "./time.ts";
import type { Cause, Move } from "./transitions.ts";
import { effective, type Moment, type Window } from "./watched-time.ts";

/** A record whose visible part holds at the instant asked for, and the moves that time alone has made on the way. */
export interface Settled {
  readonly record: PresenceRecord;
  readonly moves: readonly Move[];
}

const none: readonly Move[] = [];

/** What the clock says for `record`: time does not run backwards behind what was already told. */
export function nowOf(record: PresenceRecord, now: Millis): Millis {
  return latest(now, record.settledAt);
}

/** Versions of one millisecond, the unit of the clock. */
const versionsOfAMs = 1_000;

/**
 * The record with a version above all that were told before writes were lost, whoever told them: they were of the time until then. A
 * watcher that goes to another server must not see them go back. What is written from then on has later versions by itself, also from
 * a server that has not heard of the loss yet.
 *
 * What such a server decided just before may still land. So the new versions, all of that one millisecond, keep the order of the old
 * ones: 5 ms of old ones become one, as far back as a decision may be (`watchGapMs` is at most 5 s).
 */
export function aboveLost(record: PresenceRecord, { lostAt }: Pick<Moment, "lostAt">): PresenceRecord {
  const floor = lostAt * versionsOfAMs;
  if (record.version >= floor) return record;
  const steps = Math.ceil((floor - record.version) / (5 * versionsOfAMs));
  return { ...record, version: floor + Math.max(0, versionsOfAMs - steps) };
}

/** What of a record others see, with the bookkeeping behind it. */
type Visible = Pick<PresenceRecord, "status" | "since" | "lastSeen" | "version">;

/**
 * Accounts for the time since the record was last settled: visits each deadline that has passed, in order, so that
 * settling late gives the same bytes as settling at every one. The record itself comes back where no deadline has passed.
 */
export function settle(record: PresenceRecord, moment: Pick<Moment, "now" | "window">): Settled {
  const { window } = moment;
  const now = nowOf(record, moment.now);
  if (nextDeadline(record, record.settledAt, window) > now && holds(record, now, window)) return { record, moves: none };

  const moves: Move[] = [];
  let visible: Visible = record;
  let message = record.status === "OFFLINE" ? "" : messageAt(record, record.settledAt);
  let previous = -1 as Millis;
  // A deadline at or before `settledAt` counts only where a window that had kept it alive is gone.
  for (let at = record.settledAt; at <= now; at = nextDeadline(record, at, window)) {
    const lastSeen = visible.status === "OFFLINE" ? visible.lastSeen : lastSeenOfLapsed(record, previous, at, window, visible.lastSeen);
    const status = statusAt(record, at, window);
    const shown = status === "OFFLINE" ? "" : messageAt(record, at);
    if (status !== visible.status) {
      moves.push({ from: visible.status, to: status, cause: timeCause(record, visible.status, status, at, window) });
      visible = { status, since: at, lastSeen, version: nextVersion(visible.version, at) };
    } else if (shown !== message) {
      visible = { ...visible, lastSeen, version: nextVersion(visible.version, at) };
    } else {
      visible = { ...visible, lastSeen };
    }
    message = shown;
    previous = at;
  }
  return { record: withoutEnded({ ...record, ...pick(visible), settledAt: now }, now, window), moves };
}

/** Whether what the record says is so, with no device that only a window had kept alive which is gone by now. */
function holds(record: PresenceRecord, now: Millis, window: Window | undefined): boolean {
  return statusAt(record, now, window) === record.status && record.devices.every((device) => effective(device.leaseUntil, window) > now);
}

/** The version of a change at `at`, after `previous`: strictly increasing, and close to the time in µs. */
export function nextVersion(previous: number, at: Millis): number {
  return Math.max(previous + 1, at * 1_000);
}

function pick({ status, since, lastSeen, version }: Visible): Visible {
  return { status, since, lastSeen, version };
}

function lastSeenOfLapsed(record: PresenceRecord, previous: Millis, at: Millis, window: Window | undefined, lastSeen: Millis): Millis {
  let seen = lastSeen;
  for (const device of record.devices) {
    const lease = effective(device.leaseUntil, window);
    if (lease > previous && lease <= at) seen = latest(seen, device.lastSeen);
  }
  return seen;
}

function timeCause(record: PresenceRecord, from: Status, to: Status, at: Millis, window: Window | undefined): Cause {
  if (to === "OFFLINE") return "lease-lapsed";
  if (from !== "ONLINE" || record.claim?.until === at) return "claim-expired";
  return record.devices.some((device) => effective(device.activeUntil, window) === at) ? "went-idle" : "lease-lapsed";
}

function withoutEnded(record: PresenceRecord, now: Millis, window: Window | undefined): PresenceRecord {
  return {
    ...record,
    claim: record.claim !== undefined && record.claim.until > now ? record.claim : undefined,
    message: record.message !== undefined && record.message.until > now ? record.message : undefined,
    devices: record.devices.filter((device) => effective(device.leaseUntil, window) > now),
    left: record.left.filter((device) => effective(device.until, window) > now),
  };
}
