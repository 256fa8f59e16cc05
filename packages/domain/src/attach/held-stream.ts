import type { PresenceError } from "../errors.ts";
import type { DeviceId, UserId } from "../ids.ts";

/** A device that an open stream holds. */
export interface HeldDevice {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
}

/** One open stream, and the devices whose leases live with it. */
export class HeldStream {
  /** Names the stream in the records of its devices; unique among all servers. */
  readonly holder: string;
  /** When the client last sent something, by the keeper's clock. */
  heardAt: number;
  readonly #devices = new Map<string, HeldDevice>();
  readonly #lost: (device: HeldDevice, error: PresenceError) => void;
  readonly #schedule: (stream: HeldStream, device: HeldDevice) => void;

  constructor(
    holder: string,
    lost: (device: HeldDevice, error: PresenceError) => void,
    now: number,
    schedule: (stream: HeldStream, device: HeldDevice) => void,
  ) {
    this.holder = holder;
    this.heardAt = now;
    this.#lost = lost;
    this.#schedule = schedule;
  }

  /** How many there are whose leases are renewed. */
  get size(): number {
    return this.#devices.size;
  }

  /** Those whose leases are renewed. */
  get devices(): readonly HeldDevice[] {
    return [...this.#devices.values()];
  }

  /** From now on the lease of this device is renewed. Its connect has opened it in this stream's name. */
  hold(device: HeldDevice): void {
    const known = this.#devices.has(keyOf(device));
    this.#devices.set(keyOf(device), device);
    if (!known) this.#schedule(this, device);
  }

  /** The lease of this device is renewed no more. */
  release(device: HeldDevice): void {
    this.#devices.delete(keyOf(device));
  }

  /** Whether the lease of this device is renewed. */
  holds(device: HeldDevice): boolean {
    return this.#devices.has(keyOf(device));
  }

  /** The device was found gone. */
  lose(device: HeldDevice, error: PresenceError): void {
    this.release(device);
    this.#lost(device, error);
  }

  /** Renews nothing any more, and tells what it held. */
  close(): readonly HeldDevice[] {
    const { devices } = this;
    this.#devices.clear();
    return devices;
  }
}

// No id holds a blank.
function keyOf({ userId, deviceId }: HeldDevice): string {
  return `${userId} ${deviceId}`;
}
