import { after, type Millis, type PresenceRecord, type Renewal } from "@presence/domain";

/**
 * `record` after a renewal that can change nothing but deadlines, undefined where it could change more. Plain deadlines,
 * without the window: who is doubtful is left to a decision.
 *
 * @param session whether the session hash exists, and its `status` field
 */
export function renewed(
  record: PresenceRecord,
  renewal: Renewal,
  session: { readonly exists: boolean; readonly status: string | undefined },
  now: Millis,
): PresenceRecord | undefined {
  const { deviceId, leaseForMs, activeForMs, holder } = renewal;
  // Where session and record disagree, a sign of life may bind the record, end it or write the status.
  if (record.bound ? session.status !== record.status : session.exists) return undefined;
  const device = record.devices.find(({ id }) => id === deviceId);
  if (device === undefined || device.leaseUntil <= now) return undefined;
  if (holder !== undefined && device.holder !== holder) return undefined;
  const leaseUntil = after(now, leaseForMs);
  const activeUntil = activeForMs === undefined ? device.activeUntil : after(now, activeForMs);
  if (leaseUntil < device.leaseUntil || activeUntil < device.activeUntil) return undefined;
  if (activeForMs !== undefined && device.activeUntil <= now) return undefined;
  const moved = { ...device, leaseUntil, activeUntil, lastSeen: now };
  return { ...record, revision: record.revision + 1, devices: record.devices.map((other) => (other === device ? moved : other)) };
}
