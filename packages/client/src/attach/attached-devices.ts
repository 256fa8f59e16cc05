import type { Connected, DisconnectCall, HeartbeatCall, HeartbeatResult } from "../calls.ts";
import { toClientError } from "../error-translation.ts";
import { endsDevice } from "../final-errors.ts";
import { presenceFrom } from "../messages.ts";
import type { OwnPresence, Presence } from "../presence.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import { toConnectRequest, toHeartbeatRequest } from "../requests.ts";
import { type AttachStream, acknowledgementOf, connectedOf, ownPresenceOf } from "./attach-stream.ts";
import { connectCallOf, type HeldDevice, HeldDevices } from "./held-devices.ts";
import { type PersistenceOptions, persist } from "./persistence.ts";

/** So many devices are connected again at once: half of what may be in flight, so that new requests come through. */
const maxAtOnce = 50;
/** Most heartbeats of one call. */
const batchSize = 1_000;

export interface AttachedDevicesParts extends PersistenceOptions {
  readonly deadlineMs: number;
  /** Unary heartbeats; results in order. */
  heartbeats(calls: readonly HeartbeatCall[]): Promise<readonly HeartbeatResult[]>;
  /** How often the server wants a sign of life. */
  beatEvery(intervalMs: number): void;
  /** Called once for a device that is gone and is held no more. */
  lost(device: HeldDevice, reason: PresenceClientError): void;
}

/** The devices of one attachment, and what is said about them on its streams. */
export class AttachedDevices {
  readonly held = new HeldDevices();
  readonly #parts: AttachedDevicesParts;

  constructor(parts: AttachedDevicesParts) {
    this.#parts = parts;
  }

  /** Connects a held device on `stream`. */
  async connect(stream: AttachStream, device: HeldDevice, deadlineMs: number): Promise<Connected> {
    if (!this.held.holds(device)) throw new PresenceClientError("CANCELLED", "the device was disconnected before it was connected");
    device.stream = stream;
    try {
      const value = toConnectRequest(connectCallOf(device));
      const connected = await stream.ask({ $case: "connect", value }, deadlineMs, connectedOf);
      device.established = true;
      this.#parts.beatEvery(connected.heartbeatIntervalMs);
      return connected;
    } catch (error) {
      if (device.stream === stream) device.stream = undefined;
      throw error;
    }
  }

  async activity(stream: AttachStream, device: HeldDevice, call: HeartbeatCall, deadlineMs: number): Promise<OwnPresence> {
    // The server would take it for a device that is gone.
    if (device.stream !== stream) {
      throw new PresenceClientError("UNAVAILABLE", "the device is being connected again; how idle it is goes with that");
    }
    try {
      return await stream.ask({ $case: "activity", value: toHeartbeatRequest(call) }, deadlineMs, ownPresenceOf);
    } catch (thrown) {
      const error = toClientError(thrown);
      if (error.reason === "DEVICE_DISCONNECTED") this.lose(device, error);
      throw error;
    }
  }

  disconnect(stream: AttachStream, { userId, deviceId }: DisconnectCall, deadlineMs: number): Promise<Presence> {
    return stream.ask({ $case: "disconnect", value: { userId, deviceId } }, deadlineMs, (answer) =>
      presenceFrom(acknowledgementOf(answer).presence),
    );
  }

  /**
   * A device that could not be connected is held no more.
   * @param late on which stream it may be connected still: nobody would know of it
   */
  giveUp(device: HeldDevice, late: AttachStream | undefined): void {
    if (!this.held.holds(device)) return;
    this.held.release(device);
    if (late?.open !== true) return;
    this.disconnect(late, device, this.#parts.deadlineMs).catch(() => {
      // It is gone with the stream, or a lease after it.
    });
  }

  /** The server says that a device is gone. */
  lose({ userId, deviceId }: DisconnectCall, reason: PresenceClientError): void {
    const device = this.held.release({ userId, deviceId });
    if (device !== undefined) this.#parts.lost(device, reason);
  }

  /**
   * Connects again, on a new stream, every device that was connected on another one, in the order in which they came.
   *
   * A connect brings back whatever was logged out; a heartbeat does not. So each device is asked for by a heartbeat first: one that
   * was kicked, or whose session ended, while no stream could tell so stays gone.
   */
  async resume(stream: AttachStream): Promise<void> {
    const waiting = [...this.held].filter(({ established }) => established);
    for (let from = 0; from < waiting.length && stream.open; from += batchSize) {
      const next = (await this.#stillKnown(stream, waiting.slice(from, from + batchSize))).values();
      // Workers share one iterator: each takes the next device when it is done with its last.
      const work = async () => {
        for (const device of next) await this.#connectAgain(stream, device);
      };
      await Promise.all(Array.from({ length: maxAtOnce }, work));
    }
  }

  async #stillKnown(stream: AttachStream, batch: readonly HeldDevice[]): Promise<readonly HeldDevice[]> {
    const devices = batch.filter((device) => this.held.holds(device));
    if (devices.length === 0) return [];
    const results = await persist(stream, this.#parts, endsDevice, () => this.#parts.heartbeats(devices.map(connectCallOf)));
    if (results === undefined) return [];
    // The connects will tell each of them what is wrong.
    if (results instanceof Error) return devices;
    return devices.filter((device, index) => {
      const error = results[index]?.error;
      if (error?.reason !== "DEVICE_DISCONNECTED") return true;
      if (this.held.holds(device)) this.lose(device, error);
      return false;
    });
  }

  async #connectAgain(stream: AttachStream, device: HeldDevice): Promise<void> {
    const refusal = await persist(stream, this.#parts, endsDevice, async () => {
      // It may have been disconnected meanwhile, or connected by a request of its own.
      if (this.held.holds(device) && device.stream !== stream) await this.connect(stream, device, this.#parts.deadlineMs);
    });
    if (refusal instanceof Error && this.held.holds(device)) this.lose(device, refusal);
  }
}
