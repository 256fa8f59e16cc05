import type { PresenceRecord } from "./record.ts";
import type { Status } from "./status.ts";
import { messageAt, nextDeadline, statusAt } from "./status-at.ts";
import { earliest, latest, type Millis, never } from "./time.ts";
import { effective, type Window } from "./watched-time.ts";

/** What time alone will do to a record. */
export interface NextChange {
  readonly at: Millis;
  readonly status: Status;
}

/** The next instant at which the visible part of a settled record changes if nothing happens; undefined if it stays. */
export function nextVisibleChange(settled: PresenceRecord, window: Window | undefined): NextChange | undefined {
  const message = settled.status === "OFFLINE" ? "" : messageAt(settled, settled.settledAt);
  for (let at = nextDeadline(settled, settled.settledAt, window); at !== never; at = nextDeadline(settled, at, window)) {
    const status = statusAt(settled, at, window);
    const shown = status === "OFFLINE" ? "" : messageAt(settled, at);
    if (status !== settled.status || shown !== message) return { at, status };
  }
  return undefined;
}

/**
 * When a sweep must look at a settled record again: at its next visible change, when its claim ends, or when its last device lapses;
 * undefined if never. The end of a claim that shows nothing now may show something later, in a window that opens until then.
 */
export function dueAt(settled: PresenceRecord, window: Window | undefined): Millis | undefined {
  let lastLease: Millis | undefined;
  for (const device of settled.devices) {
    const lease = effective(device.leaseUntil, window);
    if (lastLease === undefined || lease > lastLease) lastLease = lease;
  }
  if (lastLease === undefined) return undefined;
  const visible = nextVisibleChange(settled, window)?.at ?? never;
  return earliest(lastLease, earliest(visible, settled.claim?.until ?? never));
}

/** For how many milliseconds after `now` a record is worth keeping: its devices' time, and the retention after it. */
export function keepForMs(settled: PresenceRecord, now: Millis, retentionMs: number): number {
  const lastLease = settled.devices.reduce((last, device) => latest(last, device.leaseUntil), now);
  return lastLease - now + retentionMs;
}
