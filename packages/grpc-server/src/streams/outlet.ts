import type { Writable } from "node:stream";
import type { Encoded } from "./encoded-events.ts";

/** A writable call of grpc-js. */
export type WritableCall = Writable & { readonly cancelled: boolean };

/** grpc-js holds at most so many messages for a peer that does not read; everything else waits where it costs nothing. */
const maxQueuedMessages = 4;

/**
 * Passes messages on as fast as the peer reads, and no faster: what is next is asked for only when there is room, so that
 * a slow peer gets the last state instead of a queue.
 */
export class Outlet {
  readonly #call: WritableCall;
  readonly #next: () => Encoded | undefined;
  #scheduled = false;
  #ended = false;
  /** Since when the peer has not read, by the clock of `tick`; undefined while it does. */
  #stuckSince: number | undefined;

  /** @param next the next message; undefined until `wake` */
  constructor(call: WritableCall, next: () => Encoded | undefined) {
    this.#call = call;
    this.#next = next;
    call.on("drain", () => {
      this.#stuckSince = undefined;
      this.wake();
    });
  }

  /** There may be something to send. Many wakes of one moment are one. */
  wake(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** For how many milliseconds the peer has not read what waits for it. */
  stuckForMs(now: number): number {
    if (this.#call.writableLength === 0) this.#stuckSince = undefined;
    else this.#stuckSince ??= now;
    return this.#stuckSince === undefined ? 0 : now - this.#stuckSince;
  }

  /** Sends nothing any more. */
  end(): void {
    this.#ended = true;
  }

  #pump(): void {
    while (!this.#ended && this.#call.writableLength < maxQueuedMessages) {
      const bytes = this.#next();
      if (bytes === undefined) return;
      // The callback comes when the peer has taken the message; 'drain' alone waits for a fuller queue than ours.
      this.#call.write(bytes, () => {
        this.#stuckSince = undefined;
        this.wake();
      });
    }
  }
}
