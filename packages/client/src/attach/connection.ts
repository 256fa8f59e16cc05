import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { AttachRequest, AttachResponse } from "@presence/proto";
import { toClientError } from "../error-translation.ts";
import { endsStream } from "../final-errors.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import type { WatchBackoff } from "../watch-backoff.ts";
import { AttachStream, type Response } from "./attach-stream.ts";
import { defaultHeartbeatIntervalMs, emptyActivity, Heartbeat } from "./heartbeat.ts";
import { closed, pause, pauseMs } from "./reconnection.ts";

export interface ConnectionParts {
  open(): ClientDuplexStream<AttachRequest, AttachResponse>;
  readonly backoff: WatchBackoff;
  readonly deadlineMs: number;
  /** Ends the connection at once. */
  readonly signal: AbortSignal;
  /** The stream says something that answers no request. */
  told(response: Response): void;
  /** A server has answered on a new stream. */
  opened(stream: AttachStream): void;
  /** The stream is gone; the next one is opened in `retryInMs`. */
  lost(reason: PresenceClientError | undefined, retryInMs: number): void;
}

function opening(open: ConnectionParts["open"]): ReturnType<ConnectionParts["open"]> | PresenceClientError {
  try {
    return open();
  } catch (error) {
    return toClientError(error);
  }
}

/** One stream after the other, each with its heartbeat, for as long as the attachment lives. */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #ending = new AbortController();
  #stream: AttachStream | undefined;
  #heartbeat: Heartbeat | undefined;
  #heartbeatIntervalMs = defaultHeartbeatIntervalMs;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** The server has said how often it wants a sign of life. */
  beatEvery(intervalMs: number): void {
    if (!(intervalMs > 0)) return;
    this.#heartbeatIntervalMs = intervalMs;
    this.#heartbeat?.every(intervalMs);
  }

  /** Lets the server answer what it has, for at most the deadline, and opens no stream any more. */
  end(): void {
    this.#ending.abort();
    const stream = this.#stream;
    if (stream === undefined) return;
    stream.end();
    const timer = setTimeout(() => stream.cancel(closed()), this.#parts.deadlineMs);
    void stream.ended.then(() => clearTimeout(timer));
  }

  /** Resolves when it has ended, with the reason unless that was asked for. */
  async run(): Promise<PresenceClientError | undefined> {
    const { backoff, signal } = this.#parts;
    const stop = AbortSignal.any([signal, this.#ending.signal]);
    let failures = 0;
    while (!stop.aborted) {
      let accepted = false;
      const reason = await this.#serve(() => {
        failures = 0;
        accepted = true;
      });
      if (stop.aborted) break;
      if (reason !== undefined && endsStream(reason, accepted)) return reason;
      failures++;
      const retryInMs = pauseMs(backoff, failures, reason);
      this.#parts.lost(reason, retryInMs);
      await pause(retryInMs, stop).catch(() => {
        // Ended while it waits: the loop sees it.
      });
    }
    return undefined;
  }

  /** One stream from its beginning to its end. */
  async #serve(proven: () => void): Promise<PresenceClientError | undefined> {
    const { open, told, opened, signal, deadlineMs } = this.#parts;
    const call = opening(open);
    if (call instanceof PresenceClientError) return call;
    const stream = new AttachStream(call, told);
    this.#stream = stream;
    const cancel = () => stream.cancel(closed());
    signal.addEventListener("abort", cancel, { once: true });
    // grpc-js takes messages for a connection that it does not have yet: only an answer proves that somebody is there.
    stream
      .ask(emptyActivity, deadlineMs, () => {
        proven();
        this.#heartbeat = new Heartbeat(stream, this.#heartbeatIntervalMs, deadlineMs);
        opened(stream);
      })
      .catch((error: unknown) => stream.cancel(toClientError(error)));
    try {
      return await stream.ended;
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#stream = undefined;
      this.#heartbeat = undefined;
    }
  }
}
