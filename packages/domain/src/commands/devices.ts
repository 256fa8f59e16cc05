import type { DeviceId } from "../ids.ts";
import { type Device, type LeftDevice, maxDevices, type PresenceRecord } from "../record.ts";
import { after, latest, longAgo, type Millis } from "../time.ts";
import { windowAround } from "../watched-time.ts";
import { type Context, lasting } from "./decision.ts";

/** All devices into `left`. */
export function leaveAll(record: PresenceRecord, context: Context): PresenceRecord {
  return record.devices.reduce((rest, device) => leave(rest, device.id, context), record);
}

/** `device` gone now, its heartbeats refused until it stays silent for a lease. */
export function leave(record: PresenceRecord, device: DeviceId, context: Context): PresenceRecord {
  const others = record.left.filter((left) => left.id !== device);
  const left: readonly LeftDevice[] = [...others, { id: device, until: lasting(record.settledAt, context.policy.leaseTtlMs, context) }];
  return { ...record, devices: record.devices.filter(({ id }) => id !== device), left: left.slice(-maxDevices) };
}

/** `device` with a full lease from now, in the place of the same device or of the one whose lease ends first. */
export function openLease(record: PresenceRecord, device: Pick<Device, "id" | "activeUntil" | "holder">, context: Context): PresenceRecord {
  const now = record.settledAt;
  const leaseUntil = lasting(now, context.policy.leaseTtlMs, context);
  const known = deviceOf(record, device.id);
  const opened: Device = { ...device, leaseUntil: latest(known?.leaseUntil ?? longAgo, leaseUntil), lastSeen: now };
  const left = record.left.filter(({ id }) => id !== device.id);
  if (known !== undefined) return { ...record, left, devices: record.devices.map((other) => (other === known ? opened : other)) };
  return { ...record, left, devices: [...roomForOne(record.devices), opened] };
}

/** A sign of life of a device that lives: its lease from now, never a shorter one. */
export function renewLease(
  record: PresenceRecord,
  device: Device,
  changes: Partial<Pick<Device, "activeUntil">>,
  context: Context,
): PresenceRecord {
  const now = record.settledAt;
  const leaseUntil = lasting(now, context.policy.leaseTtlMs, context);
  const renewed: Device = { ...device, ...changes, leaseUntil: latest(device.leaseUntil, leaseUntil), lastSeen: now };
  return { ...record, devices: record.devices.map((other) => (other === device ? renewed : other)) };
}

/** The live device of that id, if there is one. */
export function deviceOf(record: PresenceRecord, id: DeviceId): Device | undefined {
  return record.devices.find((device) => device.id === id);
}

/** Whether `device` left and has not connected since. */
export function hasLeft(record: PresenceRecord, device: DeviceId): boolean {
  return record.left.some(({ id }) => id === device);
}

/** Until when a device is active that says it has been idle for `idleForMs`. */
export function activeUntilOf(context: Context, now: Millis, idleForMs: number): Millis {
  const until = after(now, context.policy.idleAfterMs - idleForMs);
  return until > now ? until : idleFrom(context, now, until);
}

/** An end of activity that is known: a window, which doubts silence only, must not stretch it. */
export function idleFrom(context: Context, now: Millis, at: Millis = now): Millis {
  return windowAround(at, context.window)?.from ?? (Math.max(0, at) as Millis);
}

function roomForOne(devices: readonly Device[]): readonly Device[] {
  if (devices.length < maxDevices) return devices;
  const first = devices.reduce((a, b) => (b.leaseUntil < a.leaseUntil ? b : a));
  return devices.filter((device) => device !== first);
}
