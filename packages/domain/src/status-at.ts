import type { PresenceRecord } from "./record.ts";
import type { Status } from "./status.ts";
import { type Millis, never } from "./time.ts";
import { effective, type Window } from "./watched-time.ts";

/** The rules of presence in order of precedence: what the parts of `record` mean at `at`. */
export function statusAt(record: PresenceRecord, at: Millis, window: Window | undefined): Status {
  let live = false;
  let active = false;
  for (const device of record.devices) {
    if (effective(device.leaseUntil, window) <= at) continue;
    live = true;
    if (effective(device.activeUntil, window) > at) active = true;
  }
  if (!live) return "OFFLINE";
  if (record.claim !== undefined && record.claim.until > at) return record.claim.status;
  return active ? "ONLINE" : "AWAY";
}

/** The text that stands at `at`, if the status lets it be seen. */
export function messageAt(record: PresenceRecord, at: Millis): string {
  return record.message !== undefined && record.message.until > at ? record.message.text : "";
}

/** The first instant after `at` at which any deadline of `record` ends; `never` if none does. */
export function nextDeadline(record: PresenceRecord, at: Millis, window: Window | undefined): Millis {
  let next = never;
  for (const device of record.devices) {
    const lease = effective(device.leaseUntil, window);
    if (lease > at && lease < next) next = lease;
    const active = effective(device.activeUntil, window);
    if (active > at && active < next) next = active;
  }
  if (record.claim !== undefined && record.claim.until > at && record.claim.until < next) next = record.claim.until;
  if (record.message !== undefined && record.message.until > at && record.message.until < next) next = record.message.until;
  for (const device of record.left) {
    const until = effective(device.until, window);
    if (until > at && until < next) next = until;
  }
  return next;
}
