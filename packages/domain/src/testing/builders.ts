import { type DeviceId, type PartyId, parseDeviceId, parsePartyId, parseUserId, type UserId } from "../ids.ts";
import type { Commit, Renewal } from "../ports.ts";
import type { Presence } from "../presence.ts";
import { type Device, type PresenceRecord, unknownRecord } from "../record.ts";
import { after, type Millis, never } from "../time.ts";

export const alice: UserId = parseUserId("alice");
export const bob: UserId = parseUserId("bob");
export const carol: UserId = parseUserId("carol");
export const phone: DeviceId = parseDeviceId("phone");
export const desktop: DeviceId = parseDeviceId("desktop");
export const lobby: PartyId = parsePartyId("lobby");

/** What the auth service writes at a login. */
export const login: Readonly<Record<string, string>> = { sessionId: "s1", name: "Alice", roles: "user admin" };

/** Long enough to outlive any rule. */
export const longMs = 3_600_000;

/** `count` different users. */
export function users(count: number): readonly UserId[] {
  return Array.from({ length: count }, (_, index) => parseUserId(`user:${index}`));
}

/** The phone, alive for long, never idle, held by nobody. */
export function aDevice(now: Millis, changes: Partial<Device> = {}): Device {
  return { id: phone, leaseUntil: after(now, longMs), activeUntil: never, lastSeen: now, holder: undefined, ...changes };
}

/** The first record of a user who is ONLINE with his phone since `now`. */
export function aRecord(now: Millis, changes: Partial<PresenceRecord> = {}): PresenceRecord {
  return {
    ...unknownRecord,
    revision: 1,
    version: now * 1_000,
    status: "ONLINE",
    since: now,
    lastSeen: now,
    settledAt: now,
    devices: [aDevice(now)],
    ...changes,
  };
}

/** What others are told of `record`. */
export function anEvent(userId: UserId, record: PresenceRecord): Presence {
  return {
    userId,
    status: record.status,
    since: record.since,
    lastSeen: undefined,
    message: record.message?.text ?? "",
    version: record.version,
  };
}

/** The write of `record` by a sign of life, decided at `now` without a session, to be kept for long. */
export function aCommit(userId: UserId, record: PresenceRecord, now: Millis, changes: Partial<Commit> = {}): Commit {
  return {
    userId,
    expectedRevision: record.revision - 1,
    record,
    keepForMs: longMs,
    due: undefined,
    session: false,
    signOfLife: true,
    event: undefined,
    decidedAt: now,
    staleFrom: never,
    ...changes,
  };
}

/** A sign of life of the phone that makes its lease last even longer. */
export function aRenewal(userId: UserId, changes: Partial<Renewal> = {}): Renewal {
  return { userId, deviceId: phone, leaseForMs: 2 * longMs, activeForMs: undefined, holder: undefined, ...changes };
}
