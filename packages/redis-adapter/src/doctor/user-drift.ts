import { effective, type Millis, type PresenceRecord, type Window } from "@presence/domain";
import type { Expectations, Sample, UserFacts } from "./facts.ts";

/** A reading is not one instant: what differs by less is no drift. */
const slackMs = 2_000;

/** His record, where it can be read and a device of his lives. */
export function liveRecord(user: UserFacts, window: Window | undefined): PresenceRecord | undefined {
  if (user.record?.kind !== "readable") return undefined;
  const { record } = user.record;
  return lastLease(record, window) > user.at ? record : undefined;
}

/** No sweep will ever look at him although he has devices, or only when it is a lease too late. */
export function isUnswept(user: UserFacts, { window, blindUntil }: Pick<Sample, "window" | "blindUntil">, leaseTtlMs: number): boolean {
  if (user.record?.kind !== "readable" || user.record.record.devices.length === 0 || user.claimed) return false;
  const deadline = Math.max(lastLease(user.record.record, window), blindUntil, user.at);
  return user.dueAt === undefined || user.dueAt > deadline + leaseTtlMs + slackMs;
}

/** How the session of a user who is bound to it and lives differs from what the servers make of it. */
export type SessionDrift = "missing" | "no-ttl" | "too-short" | "too-long" | "no-status" | "other-status";

export function sessionDrift(
  user: UserFacts,
  window: Window | undefined,
  { leaseTtlMs, sessionTtl }: Pick<Expectations, "leaseTtlMs" | "sessionTtl">,
): readonly SessionDrift[] {
  const record = liveRecord(user, window);
  if (record === undefined || !record.bound) return [];
  const { session } = user;
  if (session === undefined) return ["missing"];
  if (session.type !== "hash") return [];
  const drifts: SessionDrift[] = [];
  if (session.status === undefined) drifts.push("no-status");
  else if (session.status !== record.status) drifts.push("other-status");
  if (sessionTtl === "off") return drifts;
  if (session.ttlMs === undefined) drifts.push("no-ttl");
  // Since the last sign of life both have counted down together, the lease from some ms more, unless a broken stream has cut it.
  else if (session.ttlMs < lastLease(record, undefined) - user.at - slackMs) drifts.push("too-short");
  else if (sessionTtl === "exact" && session.ttlMs > leaseTtlMs + slackMs) drifts.push("too-long");
  return drifts;
}

/** Somebody else wrote the field after a logout: nothing will ever end that hash. */
export function isGhost({ session }: UserFacts): boolean {
  return (
    session !== undefined && session.type === "hash" && session.ttlMs === undefined && session.fields === 1 && session.status !== undefined
  );
}

function lastLease({ devices }: PresenceRecord, window: Window | undefined): number {
  return devices.reduce((last, { leaseUntil }) => Math.max(last, effective(leaseUntil as Millis, window)), 0);
}
