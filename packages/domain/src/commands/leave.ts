import type { DeviceId } from "../ids.ts";
import type { Device, PresenceRecord } from "../record.ts";
import { earliest, longAgo } from "../time.ts";
import { begin, type Context, type Decision, finish, isVisible, lasting, project, unchanged } from "./decision.ts";
import { deviceOf, leave, leaveAll } from "./devices.ts";
import { endWithSession } from "./session-end.ts";

/** A device logs out: gone now, and its late heartbeats are refused. */
export function disconnect(record: PresenceRecord, deviceId: DeviceId, context: Context): Decision {
  const { now, ...draft } = begin(record, context);
  const seenAt = deviceOf(draft.record, deviceId) === undefined ? longAgo : now;
  return finish(record, project(draft, leave(draft.record, deviceId, context), context, "disconnect", seenAt));
}

/** A stream broke: the devices that it still holds have the grace to come back unseen. */
export function drop(record: PresenceRecord, deviceIds: readonly DeviceId[], holder: string, context: Context): Decision {
  const { now, ...draft } = begin(record, context);
  const graceUntil = lasting(now, context.policy.graceMs, context);
  const isDropped = (device: Device) => device.holder === holder && deviceIds.includes(device.id);
  if (!draft.record.devices.some(isDropped)) return unchanged(record);
  const devices = draft.record.devices.map((device) =>
    isDropped(device) ? { ...device, leaseUntil: earliest(device.leaseUntil, graceUntil), holder: undefined } : device,
  );
  return finish(record, project(draft, { ...draft.record, devices }, context, "drop"));
}

/** An operator ends all devices of a user. */
export function kick(record: PresenceRecord, context: Context): Decision {
  const { now: _, ...draft } = begin(record, context);
  if (draft.record.devices.length === 0) return settleDue(record, context);
  return finish(record, project(draft, leaveAll(draft.record, context), context, "kick"));
}

/**
 * The session hash went away. Does nothing where it exists (a new login), or where the record never knew of one.
 * @param seen the deletion itself was witnessed, so that it counts in a window too
 */
export function sessionEnded(record: PresenceRecord, seen: boolean, context: Context): Decision {
  const { now: _, ...settled } = begin(record, context);
  const draft = endWithSession(settled, context, seen);
  return draft.record === settled.record ? unchanged(record) : finish(record, draft);
}

/** Writes down what time alone has changed, if others see it: what a sweep does. */
export function settleDue(record: PresenceRecord, context: Context): Decision {
  const { now: _, ...draft } = begin(record, context);
  const decision = finish(record, draft);
  return isVisible(record, decision) ? decision : unchanged(record);
}
