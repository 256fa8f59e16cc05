import type { ConnectCall, DisconnectCall, HeartbeatCall, SetStatusCall } from "../calls.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import type { AttachStream } from "./attach-stream.ts";

/** No server waits longer than this before an idle device is AWAY. */
const longestIdleMs = 7 * 24 * 60 * 60 * 1_000;

/** A device that is to be connected for as long as its attachment lives. */
export interface HeldDevice {
  readonly userId: string;
  readonly deviceId: string;
  /** On which stream it was connected last; undefined before the first time. */
  stream: AttachStream | undefined;
  /** Whether the server has ever said that it is connected. */
  established: boolean;
  /** How many calls try to connect it right now. */
  connecting: number;
  /** Since when nobody uses it, on the monotonic clock; undefined: it does not report idleness. */
  idleSince: number | undefined;
}

/** The devices of one attachment, in the order in which they came, and what they last said about their idleness. */
export class HeldDevices {
  readonly #devices = new Map<string, HeldDevice>();

  [Symbol.iterator](): IterableIterator<HeldDevice> {
    return this.#devices.values();
  }

  /** @throws PresenceClientError `INVALID_ARGUMENT` where it has been idle for less than no time */
  hold({ userId, deviceId, idleForMs }: ConnectCall): HeldDevice {
    const idleSince = idleForMs === undefined ? undefined : instantBefore(idleForMs);
    const known = this.find({ userId, deviceId });
    const device = known ?? { userId, deviceId, stream: undefined, established: false, connecting: 0, idleSince: undefined };
    device.idleSince = idleSince;
    if (known === undefined) this.#devices.set(keyOf(device), device);
    return device;
  }

  find(device: DisconnectCall): HeldDevice | undefined {
    return this.#devices.get(keyOf(device));
  }

  /**
   * Returns the device, if it is held.
   * @throws PresenceClientError `INVALID_ARGUMENT` where it has been idle for less than no time
   */
  reportIdle({ userId, deviceId, idleForMs }: HeartbeatCall): HeldDevice | undefined {
    const device = this.find({ userId, deviceId });
    if (device !== undefined && idleForMs !== undefined) device.idleSince = instantBefore(idleForMs);
    return device;
  }

  /** Whether this very entry is held still, not one that came after it was released. */
  holds(device: HeldDevice): boolean {
    return this.#devices.get(keyOf(device)) === device;
  }

  /** Returns what was held. */
  release(device: DisconnectCall): HeldDevice | undefined {
    const held = this.find(device);
    this.#devices.delete(keyOf(device));
    return held;
  }

  /** A status that was set says something about idleness too; a connect after a broken stream must not say the opposite. */
  noteStatus({ userId, deviceId, status, reason }: SetStatusCall): void {
    const idle = status === "AWAY" && reason === "INACTIVITY";
    if (!idle && status !== "ONLINE") return;
    const device = deviceId === undefined || deviceId === "" ? this.#onlyOneOf(userId) : this.find({ userId, deviceId });
    if (device !== undefined) device.idleSince = idle ? performance.now() - longestIdleMs : undefined;
  }

  // Which of several is meant, the server alone knows.
  #onlyOneOf(userId: string): HeldDevice | undefined {
    const [first, second] = [...this.#devices.values()].filter((device) => device.userId === userId);
    return second === undefined ? first : undefined;
  }
}

/** How to connect a device again, so that it is as idle as it was. */
export function connectCallOf({ userId, deviceId, idleSince }: HeldDevice): ConnectCall {
  return { userId, deviceId, idleForMs: idleSince === undefined ? undefined : Math.max(0, Math.round(performance.now() - idleSince)) };
}

/** That many milliseconds ago, on the monotonic clock. */
function instantBefore(idleForMs: number): number {
  if (idleForMs >= 0) return performance.now() - idleForMs;
  const description = `is ${idleForMs} ms; it must not be negative`;
  throw new PresenceClientError("INVALID_ARGUMENT", `idle_for ${description}`, { violations: [{ field: "idle_for", description }] });
}

function keyOf({ userId, deviceId }: DisconnectCall): string {
  return `${userId}\n${deviceId}`;
}
