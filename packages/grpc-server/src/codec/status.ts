import { PresenceError, type Status } from "@presence/domain";
import { StatusReason, Status as WireStatus } from "@presence/proto";

const numbers = {
  ONLINE: WireStatus.ONLINE,
  AWAY: WireStatus.AWAY,
  DND: WireStatus.DND,
  OFFLINE: WireStatus.OFFLINE,
} as const satisfies Record<Status, WireStatus>;
const names = new Map<number, Status>(Object.entries(numbers).map(([name, number]) => [number, name as Status]));
const choices = Object.entries(numbers)
  .map(([name, number]) => `STATUS_${name} (${number})`)
  .join(", ");

/** The contract's number of a status. */
export function toWireStatus(status: Status): WireStatus {
  return numbers[status];
}

/** @throws PresenceError `INVALID_ARGUMENT` where the number is no status; unspecified is none */
export function parseStatus(wire: number, field: string): Status {
  const status = names.get(wire);
  if (status === undefined)
    throw PresenceError.invalid(field, `${wire === WireStatus.UNSPECIFIED ? "is missing" : `is ${wire}`}; it must be one of ${choices}`);
  return status;
}

/** @throws PresenceError `INVALID_ARGUMENT` where the number is no reason; unspecified means manual */
export function parseReason(wire: number): "MANUAL" | "INACTIVITY" {
  switch (wire) {
    case StatusReason.UNSPECIFIED:
    case StatusReason.MANUAL:
      return "MANUAL";
    case StatusReason.INACTIVITY:
      return "INACTIVITY";
    default:
      throw PresenceError.invalid("reason", `is ${wire}; it must be one of STATUS_REASON_MANUAL (1), STATUS_REASON_INACTIVITY (2)`);
  }
}
