import type { DeviceId } from "../ids.ts";
import type { PresenceRecord } from "../record.ts";
import { isStatus } from "../status.ts";
import { type Millis, never } from "../time.ts";

/** Without a last instant: `null`, since JSON knows no infinity. */
type Until = Millis | null;

/** A record as a trace holds it: whole, but for what the user wrote and which stream holds a device. */
export interface TracedRecord
  extends Pick<PresenceRecord, "revision" | "version" | "status" | "since" | "lastSeen" | "settledAt" | "bound"> {
  readonly claim?: { readonly status: "AWAY" | "DND" | "OFFLINE"; readonly until: Until } | undefined;
  readonly message?: { readonly until: Until } | undefined;
  readonly devices: readonly {
    readonly id: DeviceId;
    readonly leaseUntil: Until;
    readonly activeUntil: Until;
    readonly lastSeen: Millis;
    readonly attached: boolean;
  }[];
  readonly left: readonly { readonly id: DeviceId; readonly until: Until }[];
}

/** Stands for every text: that there is one, and its end, move versions. */
export const unrecordedText = "(not recorded)";

/** Stands for every stream that holds a device. */
const someStream = "a stream";

export function traced(record: PresenceRecord): TracedRecord {
  const { revision, version, status, since, lastSeen, settledAt, bound, claim, message, devices, left } = record;
  return {
    revision,
    version,
    status,
    since,
    lastSeen,
    settledAt,
    bound,
    claim: claim && { status: claim.status, until: finite(claim.until) },
    message: message && { until: finite(message.until) },
    devices: devices.map((device) => ({
      id: device.id,
      leaseUntil: finite(device.leaseUntil),
      activeUntil: finite(device.activeUntil),
      lastSeen: device.lastSeen,
      attached: device.holder !== undefined,
    })),
    left: left.map(({ id, until }) => ({ id, until: finite(until) })),
  };
}

/** The record again; undefined where a line was damaged. */
export function untraced(record: TracedRecord): PresenceRecord | undefined {
  const { revision, version, status, since, lastSeen, settledAt, bound, claim, message, devices, left } = record;
  const numbers: readonly unknown[] = [revision, version, since, lastSeen, settledAt];
  if (numbers.some((value) => typeof value !== "number") || !isStatus(status)) return undefined;
  if (!Array.isArray(devices) || !Array.isArray(left)) return undefined;
  return {
    revision,
    version,
    status,
    since,
    lastSeen,
    settledAt,
    bound,
    claim: claim && { status: claim.status, until: infinite(claim.until) },
    message: message && { text: unrecordedText, until: infinite(message.until) },
    devices: devices.map((device) => ({
      id: device.id,
      leaseUntil: infinite(device.leaseUntil),
      activeUntil: infinite(device.activeUntil),
      lastSeen: device.lastSeen,
      holder: device.attached ? someStream : undefined,
    })),
    left: left.map(({ id, until }) => ({ id, until: infinite(until) })),
  };
}

export function finite(at: Millis): Until {
  return at === never ? null : at;
}

export function infinite(at: Until): Millis {
  return at ?? never;
}
