import { setMaxListeners } from "node:events";
import type { ConnectCall, Connected, DisconnectCall, HeartbeatCall, HeartbeatResult, SetStatusCall } from "../calls.ts";
import { toClientError } from "../error-translation.ts";
import type { OwnPresence, Presence } from "../presence.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import { toConnectRequest, toHeartbeatRequest, toSetStatusRequest } from "../requests.ts";
import { type AttachStream, attachErrorFrom, ownPresenceOf, type Response } from "./attach-stream.ts";
import type { AttachUpdate, WatchTargets } from "./attach-update.ts";
import { AttachedDevices } from "./attached-devices.ts";
import { AttachedWatches } from "./attached-watches.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import { closed, pause, pauseMs } from "./reconnection.ts";
import { maxInFlight, RequestQueue } from "./request-queue.ts";

export interface AttachmentParts extends Pick<ConnectionParts, "open" | "backoff" | "deadlineMs" | "signal"> {
  /** Unary heartbeats of at most 1,000 devices; results in order. */
  heartbeats(calls: readonly HeartbeatCall[]): Promise<readonly HeartbeatResult[]>;
}

export interface CloseOptions {
  /**
   * Disconnects all devices first: they are gone at once. By default they have the server's grace to come back elsewhere, which is what
   * a gateway that restarts wants.
   */
  readonly disconnect?: boolean | undefined;
}

/**
 * Devices that are attached, and users that are watched, over one stream.
 *
 * The stream comes back by itself. A request that finds none waits for it; one whose answer was on its way when it broke rejects with
 * `UNAVAILABLE` (it may have been carried out), but a connect goes on. Every request rejects with a `PresenceClientError` after the
 * client's `deadlineMs` at the latest, and with `RESOURCE_EXHAUSTED` where 10,000 wait already; no other request suffers.
 */
export class Attachment {
  readonly #deadlineMs: number;
  readonly #backoff: AttachmentParts["backoff"];
  readonly #signal: AbortSignal;
  readonly #devices: AttachedDevices;
  readonly #watches: AttachedWatches;
  readonly #queue = new RequestQueue();
  readonly #connection: Connection;
  readonly #done: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor({ open, heartbeats, deadlineMs, backoff, signal: given }: AttachmentParts) {
    // One of our own: everything that waits listens to it.
    const signal = AbortSignal.any([given]);
    setMaxListeners(0, signal);
    this.#signal = signal;
    this.#deadlineMs = deadlineMs;
    this.#backoff = backoff;
    this.#watches = new AttachedWatches({ backoff, signal, deadlineMs });
    const { updates } = this.#watches;
    this.#devices = new AttachedDevices({
      backoff,
      signal,
      deadlineMs,
      heartbeats,
      beatEvery: (intervalMs) => this.#connection.beatEvery(intervalMs),
      lost: ({ userId, deviceId }, reason) => updates.put({ kind: "device-lost", userId, deviceId, reason }),
    });
    this.#connection = new Connection({
      open,
      backoff,
      deadlineMs,
      signal,
      told: (response) => this.#told(response),
      opened: (stream) => {
        this.#queue.resume(stream);
        void this.#resume(stream);
      },
      lost: (reason, retryInMs) => {
        this.#queue.pause(reason);
        this.#watches.interrupted(reason, retryInMs);
      },
    });
    this.#done = this.#connection
      .run()
      .catch(toClientError)
      .then((reason) => {
        this.#queue.end(reason ?? closed());
        updates.end(reason);
      });
  }

  /**
   * A device comes online, and is kept so: its lease is renewed while the stream lives, and after a break it is connected again. Where it
   * rejects, the device is not held, unless it was before.
   */
  async connect(call: ConnectCall): Promise<Connected> {
    toConnectRequest(call);
    const device = this.#devices.held.hold(call);
    device.connecting++;
    let last: AttachStream | undefined;
    const attempt = (stream: AttachStream, ms: number) => {
      last = stream;
      return this.#devices.connect(stream, device, ms);
    };
    try {
      return await this.#persistently((remainingMs) => this.#run(attempt, remainingMs));
    } catch (thrown) {
      const error = toClientError(thrown);
      // What another call connects, or has connected, is not this one's to give up.
      const stays = device.connecting > 1 || (device.established && error.code !== "FAILED_PRECONDITION");
      if (!stays) this.#devices.giveUp(device, error.code === "DEADLINE_EXCEEDED" ? last : undefined);
      throw error;
    } finally {
      device.connecting--;
    }
  }

  /**
   * What a device says about its idleness; without `idleForMs` a sign of life only. `FAILED_PRECONDITION` where it is not held. While
   * the connection is away it rejects with `UNAVAILABLE`, and the idleness goes with the next connect.
   */
  async activity(call: HeartbeatCall): Promise<OwnPresence> {
    toHeartbeatRequest(call);
    const device = this.#devices.held.reportIdle(call);
    if (device === undefined) {
      const { deviceId, userId } = call;
      const message = `device ${deviceId} of user ${userId} is not attached; connect it first`;
      throw new PresenceClientError("FAILED_PRECONDITION", message, { reason: "DEVICE_DISCONNECTED" });
    }
    return this.#run((stream, ms) => this.#devices.activity(stream, device, call, ms));
  }

  /** The user's own word, or an app's report that he is idle. */
  async setStatus(call: SetStatusCall): Promise<OwnPresence> {
    const value = toSetStatusRequest(call);
    return this.#run((stream, ms) =>
      stream.ask({ $case: "setStatus", value }, ms, (answer) => {
        const own = ownPresenceOf(answer);
        this.#devices.held.noteStatus(call);
        return own;
      }),
    );
  }

  /** A device logs out: it is gone at once, and is held no more, even where this rejects. */
  async disconnect(device: DisconnectCall): Promise<Presence> {
    this.#devices.held.release(device);
    return this.#run((stream, ms) => this.#devices.disconnect(stream, device, ms));
  }

  /** Follows these as well: `updates` tells a snapshot of them, then changes. At most 5,000 users in all, members of parties included. */
  async watch(targets: WatchTargets): Promise<void> {
    await this.#run((stream, ms) => this.#watches.watch(stream, targets, ms));
  }

  /** Follows these no more. */
  async unwatch(targets: WatchTargets): Promise<void> {
    await this.#run((stream, ms) => this.#watches.unwatch(stream, targets, ms));
  }

  /**
   * What is told, for one reader, until the attachment is closed. Who reads slowly gets the latest presence of each user, and may miss
   * those between. Rejects with a `PresenceClientError` where the server refuses the attachment for good.
   */
  updates(): AsyncGenerator<AttachUpdate, void> {
    return this.#watches.updates.read();
  }

  /**
   * Ends the attachment. Requests that are sent get their answers; those that wait reject with `CANCELLED`. Repeating it changes nothing.
   * @throws PresenceClientError with `disconnect`, where a device could not be disconnected: it is gone after the server's grace
   */
  close({ disconnect = false }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(disconnect);
    return this.#closing;
  }

  async #close(disconnect: boolean): Promise<void> {
    const failure = disconnect ? await this.#disconnectAll() : undefined;
    this.#queue.end(closed());
    this.#connection.end();
    await this.#done;
    if (failure !== undefined) throw failure;
  }

  /** Returns the first error. */
  async #disconnectAll(): Promise<PresenceClientError | undefined> {
    const deadline = performance.now() + this.#deadlineMs;
    let failure: PresenceClientError | undefined;
    const next = [...this.#devices.held].values();
    const work = async () => {
      for (const device of next) {
        this.#devices.held.release(device);
        const disconnected = this.#queue.run(Math.max(1, deadline - performance.now()), (stream, ms) =>
          this.#devices.disconnect(stream, device, ms),
        );
        await disconnected.catch((error: unknown) => {
          failure ??= toClientError(error);
        });
      }
    };
    await Promise.all(Array.from({ length: maxInFlight }, work));
    return failure;
  }

  async #run<Answer>(send: (stream: AttachStream, remainingMs: number) => Promise<Answer>, deadlineMs = this.#deadlineMs): Promise<Answer> {
    if (this.#closing !== undefined || this.#signal.aborted) throw closed();
    return this.#queue.run(deadlineMs, send);
  }

  /** Tries again while a server is unavailable and the deadline allows it. */
  async #persistently<Answer>(attempt: (remainingMs: number) => Promise<Answer>): Promise<Answer> {
    const deadline = performance.now() + this.#deadlineMs;
    for (let failures = 1; ; failures++) {
      try {
        return await attempt(deadline - performance.now());
      } catch (thrown) {
        const error = toClientError(thrown);
        const waitMs = pauseMs(this.#backoff, failures, error);
        if (error.code !== "UNAVAILABLE" || waitMs >= deadline - performance.now()) throw error;
        await pause(waitMs, this.#signal);
      }
    }
  }

  #told(response: Response): void {
    if (response.$case === "error" && response.value.deviceId !== "")
      this.#devices.lose(response.value, attachErrorFrom(response.value.status));
    else this.#watches.told(response);
  }

  async #resume(stream: AttachStream): Promise<void> {
    try {
      await Promise.all([this.#watches.resume(stream), this.#devices.resume(stream)]);
    } catch (error) {
      // Closed meanwhile.
      if (this.#signal.aborted) return;
      throw error;
    }
    if (stream.open) this.#watches.resumed();
  }
}
