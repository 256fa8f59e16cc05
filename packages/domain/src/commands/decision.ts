import type { PresencePolicy } from "../policy.ts";
import type { PresenceRecord } from "../record.ts";
import { aboveLost, nextVersion, nowOf, settle } from "../settle.ts";
import { messageAt, statusAt } from "../status-at.ts";
import { after, latest, longAgo, type Millis } from "../time.ts";
import type { Cause, Move } from "../transitions.ts";
import type { Moment } from "../watched-time.ts";

/** What a command is decided with, besides the record. */
export interface Context extends Moment {
  /** Whether the auth service's session hash of this user exists. */
  readonly session: boolean;
  readonly policy: PresencePolicy;
}

/** Why a command was refused although its words were right. `SUPERSEDED`: another stream or call has connected the device since. */
export type Refusal = "DEVICE_DISCONNECTED" | "SESSION_REQUIRED" | "SUPERSEDED";

/** Until when something lasts that is given `now` for `ms`: by the store's clock never less. */
export function lasting(now: Millis, ms: number, { aheadMs }: Pick<Moment, "aheadMs">): Millis {
  return after(now, ms + aheadMs);
}

/** What a command does to a record. */
export interface Decision {
  /** The record itself where nothing is to be written. */
  readonly next: PresenceRecord;
  /** Each visible move, in order, those of time alone before the command's. */
  readonly moves: readonly Move[];
  readonly refusal?: Refusal;
}

/** Whether `decision` shows others something new, so that an event is due. */
export function isVisible(before: PresenceRecord, decision: Decision): boolean {
  return decision.next.version !== before.version;
}

/** A command under way: the settled record, and what has happened to it so far. */
export interface Draft {
  readonly record: PresenceRecord;
  readonly moves: readonly Move[];
}

/** Settles what time has changed, so that a command meets the record as it is now. */
export function begin(record: PresenceRecord, context: Context): Draft & { readonly now: Millis } {
  const now = nowOf(record, context.now);
  const settled = settle(aboveLost(record, context), { now, window: context.window });
  return { record: { ...settled.record, settledAt: now }, moves: settled.moves, now };
}

/** Projects what a command has changed: moves version, since and last seen where others see a difference. */
export function project(draft: Draft, changed: PresenceRecord, context: Context, cause: Cause, seenAt: Millis = longAgo): Draft {
  const before = draft.record;
  const now = before.settledAt;
  const status = statusAt(changed, now, context.window);
  const lastSeen = before.status === "OFFLINE" ? before.lastSeen : signsOfLife(before, changed, seenAt);
  if (status !== before.status) {
    const version = nextVersion(before.version, now);
    return {
      record: { ...changed, status, since: now, lastSeen, version },
      moves: [...draft.moves, { from: before.status, to: status, cause }],
    };
  }
  const quiet = status === "OFFLINE" || messageAt(before, now) === messageAt(changed, now);
  return { record: { ...changed, lastSeen, version: quiet ? before.version : nextVersion(before.version, now) }, moves: draft.moves };
}

/** The decision that `draft` came to, as one write after `record`. */
export function finish(record: PresenceRecord, draft: Draft, refusal?: Refusal): Decision {
  const next = { ...draft.record, revision: record.revision + 1 };
  return refusal === undefined ? { next, moves: draft.moves } : { next, moves: draft.moves, refusal };
}

/** A decision that writes nothing. */
export function unchanged(record: PresenceRecord, refusal?: Refusal): Decision {
  return refusal === undefined ? { next: record, moves: [] } : { next: record, moves: [], refusal };
}

// While he shows as OFFLINE, last seen was fixed when he became so; what devices do since then stays hidden.
function signsOfLife(before: PresenceRecord, changed: PresenceRecord, seenAt: Millis): Millis {
  let seen = latest(before.lastSeen, seenAt);
  for (const device of before.devices) seen = latest(seen, device.lastSeen);
  for (const device of changed.devices) seen = latest(seen, device.lastSeen);
  return seen;
}
