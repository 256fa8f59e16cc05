import { type DeviceId, parseDeviceId } from "../ids.ts";
import type { Claim, Device, Message, PresenceRecord } from "../record.ts";
import type { Status } from "../status.ts";
import { after, longAgo, type Millis, never } from "../time.ts";
import type { Cause } from "../transitions.ts";
import { begin, type Context, type Decision, finish, project, unchanged } from "./decision.ts";
import { deviceOf, hasLeft, idleFrom, openLease, renewLease } from "./devices.ts";
import { endWithSession } from "./session-end.ts";

/** What a user chooses by hand: replaces claim and message as a whole. */
export interface ByHand {
  readonly status: Status;
  /** Milliseconds until claim and message end; undefined: no end. */
  readonly expiresInMs: number | undefined;
  /** Empty: none. */
  readonly message: string;
}

/** A status set by a user's own app. */
export interface SetStatus extends ByHand {
  /** Undefined: `default` if it lives, else the most recently active device that does. */
  readonly deviceId: DeviceId | undefined;
}

/** A status set by an operator for a user. */
export interface OverrideStatus extends ByHand {
  /** Opens a lease of a device `operator` if no device lives. */
  readonly ensureOnline: boolean;
}

const defaultDevice = parseDeviceId("default");
const operatorDevice = parseDeviceId("operator");

const causeOf = { ONLINE: "set-online", AWAY: "set-away", DND: "set-dnd", OFFLINE: "set-offline" } as const satisfies Record<Status, Cause>;

/**
 * A sign of life as well: it opens or renews the lease of its device. Nothing is opened by OFFLINE, for a device that
 * left, or for a user who was logged out; the claim is stored all the same.
 */
export function setStatus(record: PresenceRecord, command: SetStatus, context: Context): Decision {
  if (context.policy.sessionRequired && !context.session) return unchanged(record, "SESSION_REQUIRED");
  const { now, ...settled } = begin(record, context);
  const draft = endWithSession(settled, context);
  const chosen = choose(draft.record, command, now);
  const loggedOut = draft.record.bound && !context.session;
  const id = targetOf(draft.record, command.deviceId)?.id ?? command.deviceId ?? defaultDevice;
  const device = deviceOf(chosen, id);
  let changed = chosen;
  if (device !== undefined) {
    changed = renewLease(chosen, device, command.status === "ONLINE" ? { activeUntil: never } : {}, context);
  } else if (command.status !== "OFFLINE" && !loggedOut && !hasLeft(chosen, id)) {
    changed = openLease(chosen, { id, activeUntil: never, holder: undefined }, context);
  }
  const alive = changed !== chosen;
  const bound = draft.record.bound || (alive && context.session);
  return finish(record, project(draft, { ...changed, bound }, context, causeOf[command.status], alive ? now : longAgo));
}

/** An app tells that nobody sits before it: its device, if it lives, is idle from now. Claim and message stay. */
export function reportInactivity(record: PresenceRecord, deviceId: DeviceId | undefined, context: Context): Decision {
  if (context.policy.sessionRequired && !context.session) return unchanged(record, "SESSION_REQUIRED");
  const { now, ...settled } = begin(record, context);
  const draft = endWithSession(settled, context);
  const device = targetOf(draft.record, deviceId);
  if (device === undefined) return draft.record === settled.record ? unchanged(record) : finish(record, draft);
  const idle = renewLease(draft.record, device, { activeUntil: idleFrom(context, now) }, context);
  return finish(record, project(draft, { ...idle, bound: idle.bound || context.session }, context, "inactivity", now));
}

/** An operator's word for a user: no sign of life of his, so it renews nothing. */
export function overrideStatus(record: PresenceRecord, command: OverrideStatus, context: Context): Decision {
  const { now, ...settled } = begin(record, context);
  const draft = endWithSession(settled, context);
  let changed = choose(draft.record, command, now);
  const device = targetOf(changed, undefined);
  if (device === undefined && command.ensureOnline && command.status !== "OFFLINE") {
    if (context.policy.sessionRequired && !context.session) return unchanged(record, "SESSION_REQUIRED");
    changed = { ...openLease(changed, { id: operatorDevice, activeUntil: never, holder: undefined }, context), bound: context.session };
  } else if (device !== undefined && command.status === "ONLINE") {
    changed = { ...changed, devices: changed.devices.map((other) => (other === device ? { ...device, activeUntil: never } : other)) };
  }
  return finish(record, project(draft, changed, context, causeOf[command.status]));
}

function choose(record: PresenceRecord, { status, expiresInMs, message }: ByHand, now: Millis): PresenceRecord {
  const until = expiresInMs === undefined ? never : after(now, expiresInMs);
  const claim: Claim | undefined = status === "ONLINE" ? undefined : { status, until };
  const text: Message | undefined = message === "" ? undefined : { text: message, until };
  return { ...record, claim, message: text };
}

/** The live device that is meant. */
function targetOf(record: PresenceRecord, asked: DeviceId | undefined): Device | undefined {
  if (asked !== undefined) return deviceOf(record, asked);
  const usual = deviceOf(record, defaultDevice);
  if (usual !== undefined || record.devices.length === 0) return usual;
  return record.devices.reduce((a, b) =>
    b.activeUntil > a.activeUntil || (b.activeUntil === a.activeUntil && b.lastSeen > a.lastSeen) ? b : a,
  );
}
