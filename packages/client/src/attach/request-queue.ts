import { PresenceClientError } from "../presence-client-error.ts";
import type { AttachStream } from "./attach-stream.ts";

/** So many requests wait for their answers at once; a server works on no more than 200 of one stream. */
export const maxInFlight = 100;
/** So many more wait for their turn: enough for a gateway that connects all its devices in one go. */
export const maxWaiting = 10_000;

interface Job {
  start(stream: AttachStream): Promise<unknown>;
  failed(error: PresenceClientError): void;
}

/** Requests on their way to a stream, in their order: those for which there is no stream or no room wait, up to their deadline. */
export class RequestQueue {
  readonly #waiting = new Set<Job>();
  #inFlight = 0;
  #stream: AttachStream | undefined;
  /** Why there is no stream; the last one that is known. */
  #away: PresenceClientError | undefined;
  #ended: PresenceClientError | undefined;

  /**
   * Runs `send` when there is a stream with room, with the milliseconds that are left.
   * @throws PresenceClientError that of `send`; `RESOURCE_EXHAUSTED` where too many wait already; `UNAVAILABLE` where it could not be sent in time
   */
  run<Answer>(deadlineMs: number, send: (stream: AttachStream, remainingMs: number) => Promise<Answer>): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= maxWaiting) {
      return Promise.reject(new PresenceClientError("RESOURCE_EXHAUSTED", `${maxWaiting} requests wait already; none was sent`));
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + deadlineMs;
      const timer = setTimeout(() => {
        this.#waiting.delete(job);
        reject(this.#late(deadlineMs));
      }, deadlineMs);
      const job: Job = {
        start: (stream) => {
          clearTimeout(timer);
          return send(stream, deadline - performance.now()).then(resolve, reject);
        },
        failed: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.add(job);
      this.#pump();
    });
  }

  /** There is a stream: what waits is sent on it. */
  resume(stream: AttachStream): void {
    this.#stream = stream;
    this.#pump();
  }

  /** There is none; requests wait for the next one. */
  pause(reason: PresenceClientError | undefined): void {
    this.#stream = undefined;
    this.#away = reason;
  }

  /** There never will be one again. */
  end(error: PresenceClientError): void {
    this.#ended ??= error;
    this.#stream = undefined;
    for (const job of this.#waiting) job.failed(error);
    this.#waiting.clear();
  }

  #pump(): void {
    for (const job of this.#waiting) {
      if (this.#stream === undefined || this.#inFlight >= maxInFlight) return;
      this.#waiting.delete(job);
      this.#inFlight++;
      void job.start(this.#stream).then(() => {
        this.#inFlight--;
        this.#pump();
      });
    }
  }

  #late(deadlineMs: number): PresenceClientError {
    const why =
      this.#stream !== undefined ? "too many requests were before it" : `no connection: ${this.#away?.message ?? "none was opened"}`;
    return new PresenceClientError("UNAVAILABLE", `not sent within ${Math.round(deadlineMs)} ms; ${why}`, { cause: this.#away });
  }
}
