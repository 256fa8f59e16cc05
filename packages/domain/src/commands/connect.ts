import type { DeviceId } from "../ids.ts";
import type { PresenceRecord } from "../record.ts";
import { never } from "../time.ts";
import { begin, type Context, type Decision, finish, project, unchanged } from "./decision.ts";
import { activeUntilOf, deviceOf, hasLeft, leave, openLease, renewLease } from "./devices.ts";
import { endWithSession } from "./session-end.ts";

/** A device comes online. */
export interface Connect {
  readonly deviceId: DeviceId;
  /** Milliseconds since its user's last input; undefined: it does not report idleness and is active while it lives. */
  readonly idleForMs: number | undefined;
  /** The stream that holds it; undefined for a unary call. */
  readonly holder: string | undefined;
}

/** The login of the sequence diagrams: ONLINE, unless a claim stands. */
export function connect(record: PresenceRecord, command: Connect, context: Context): Decision {
  if (context.policy.sessionRequired && !context.session) return unchanged(record, "SESSION_REQUIRED");
  const { now, ...settled } = begin(record, context);
  const draft = endWithSession(settled, context);
  const activeUntil = command.idleForMs === undefined ? never : activeUntilOf(context, now, command.idleForMs);
  const opened = openLease(draft.record, { id: command.deviceId, activeUntil, holder: command.holder }, context);
  return finish(record, project(draft, { ...opened, bound: context.session }, context, "connect", now));
}

/** A sign of life of a device. */
export interface Heartbeat {
  readonly deviceId: DeviceId;
  /** Milliseconds since its user's last input; undefined: activity stays as it was. */
  readonly idleForMs: number | undefined;
  /** The stream that gives it; undefined for a unary call, which speaks for whoever holds the device. */
  readonly holder: string | undefined;
}

/**
 * Renews the lease. An unknown or lapsed device is connected again (a laptop that woke up); one that left, or whose
 * user was logged out, is refused: a late heartbeat brings nobody back.
 */
export function heartbeat(record: PresenceRecord, command: Heartbeat, context: Context): Decision {
  const { now, ...settled } = begin(record, context);
  const draft = endWithSession(settled, context);
  const stillBound = draft.record.bound && !context.session;
  // While writes may be lost, so may the connect that brought a device back after it had left.
  const gone = hasLeft(draft.record, command.deviceId) && context.now >= context.blindUntil;
  if (stillBound || gone) {
    return finish(record, { ...draft, record: leave(draft.record, command.deviceId, context) }, "DEVICE_DISCONNECTED");
  }
  if (context.policy.sessionRequired && !context.session) return unchanged(record, "SESSION_REQUIRED");
  const device = deviceOf(draft.record, command.deviceId);
  if (command.holder !== undefined && device !== undefined && device.holder !== command.holder) return unchanged(record, "SUPERSEDED");
  const activity = command.idleForMs === undefined ? {} : { activeUntil: activeUntilOf(context, now, command.idleForMs) };
  const renewed =
    device === undefined
      ? openLease(draft.record, { id: command.deviceId, activeUntil: never, holder: command.holder, ...activity }, context)
      : renewLease(draft.record, device, activity, context);
  return finish(record, project(draft, { ...renewed, bound: draft.record.bound || context.session }, context, "heartbeat", now));
}
