import { PresenceClientError } from "../presence-client-error.ts";
import type { AttachStream } from "./attach-stream.ts";

/** Until a server has said how often; it says so with the first device that connects, and without devices nothing depends on it. */
export const defaultHeartbeatIntervalMs = 30_000;

/** Proves that the stream lives: in both directions, once an interval. A proxy answers pings for a server that is gone; it cannot answer this. */
export class Heartbeat {
  readonly #stream: AttachStream;
  readonly #deadlineMs: number;
  #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param deadlineMs how long an answer may take at least */
  constructor(stream: AttachStream, intervalMs: number, deadlineMs: number) {
    this.#stream = stream;
    this.#intervalMs = intervalMs;
    this.#deadlineMs = deadlineMs;
    void stream.ended.then(() => clearTimeout(this.#timer));
    this.#schedule();
  }

  /** The server has said how often. */
  every(intervalMs: number): void {
    if (intervalMs === this.#intervalMs) return;
    this.#intervalMs = intervalMs;
    this.#schedule();
  }

  // Clients that connected together do not beat together.
  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stream.open) this.#timer = setTimeout(() => this.#beat(), this.#intervalMs * (0.9 + Math.random() * 0.2));
  }

  #beat(): void {
    this.#schedule();
    // An error is an answer, too; only silence is not.
    this.#stream
      .ask(emptyActivity, Math.max(this.#deadlineMs, this.#intervalMs), () => {})
      .catch((error: unknown) => {
        if (!(error instanceof PresenceClientError) || error.code !== "DEADLINE_EXCEEDED") return;
        this.#stream.cancel(new PresenceClientError("UNAVAILABLE", "the server has not answered a heartbeat", { cause: error }));
      });
  }
}

/** A sign of life of the stream itself. */
export const emptyActivity = { $case: "activity", value: { userId: "", deviceId: "", idleFor: undefined } } as const;
