import { PresenceError } from "@presence/domain";
import { toServiceError } from "../errors/rpc-status.ts";
import { http2StreamOf } from "./http2-stream.ts";
import type { Outlet, WritableCall } from "./outlet.ts";

/** A peer that has not read for so long is gone, whatever its connection says. */
const maxStuckMs = 60_000;
const cancelCode = 8;
/** A connection that has reached its age is to be empty well before its grace is over. */
const agedEveryMs = 1_000;

/** One stream that is open. */
export interface OpenStream {
  readonly call: WritableCall;
  readonly outlet: Outlet;
  /** How many devices it keeps alive; undefined: it is none that could. */
  readonly devices?: number;
  /** Lets go of everything that the stream holds. `drained`: the server ends it, not the peer. */
  release(drained: boolean): void;
}

/** All open streams of this server: how many there are, who is stuck, and how they end. */
export class OpenStreams {
  readonly #streams = new Set<OpenStream>();
  #draining = false;
  #agedAt = 0;

  get size(): number {
    return this.#streams.size;
  }

  /** How many devices the streams keep alive. */
  get devices(): number {
    let devices = 0;
    for (const stream of this.#streams) devices += stream.devices ?? 0;
    return devices;
  }

  /** Keeps `stream` until its call ends, in whatever way. */
  add(stream: OpenStream): void {
    if (this.#draining) {
      this.#end(stream, goingAway());
      return;
    }
    this.#streams.add(stream);
    const gone = () => this.#forget(stream, false);
    stream.call.once("cancelled", gone);
    stream.call.once("close", gone);
    stream.call.once("finish", gone);
  }

  /** Ends one stream with an error. */
  fail(stream: OpenStream, error: PresenceError): void {
    this.#forget(stream, false);
    this.#end(stream, error);
  }

  /** Resets streams whose peers do not read, and ends those on connections that are to be opened anew; to be called every second or so. */
  tick(now: number): void {
    if (now >= this.#agedAt) {
      this.#agedAt = now + agedEveryMs;
      this.#endAged();
    }
    for (const stream of this.#streams) {
      if (stream.outlet.stuckForMs(now) < maxStuckMs) continue;
      this.#forget(stream, false);
      reset(stream.call);
    }
  }

  /** Ends every stream with UNAVAILABLE, so that its client resumes elsewhere; new ones end at once. */
  drain(): void {
    this.#draining = true;
    for (const stream of [...this.#streams]) this.#sendAway(stream, goingAway());
  }

  /**
   * Ends every stream that keeps devices alive with UNAVAILABLE: this server cannot renew their leases, while others may see them run out.
   */
  handOver(): void {
    for (const stream of [...this.#streams]) {
      if ((stream.devices ?? 0) > 0)
        this.#sendAway(stream, PresenceError.unavailable("this server cannot reach its store; connect to another", 100));
    }
  }

  // Cut off with its connection, a stream would cost its devices their leases.
  #endAged(): void {
    for (const stream of [...this.#streams]) {
      const session = http2StreamOf(stream.call)?.session;
      // A session that is destroyed ends its streams by itself.
      if (session?.closed && !session.destroyed)
        this.#sendAway(stream, PresenceError.unavailable("this connection is old; connect again", 100));
    }
  }

  #sendAway(stream: OpenStream, error: PresenceError): void {
    this.#forget(stream, true);
    this.#end(stream, error);
  }

  #forget(stream: OpenStream, drained: boolean): void {
    if (!this.#streams.delete(stream)) return;
    stream.outlet.end();
    stream.release(drained);
  }

  #end({ call, outlet }: OpenStream, error: PresenceError): void {
    outlet.end();
    call.emit("error", toServiceError(error));
  }
}

function goingAway(): PresenceError {
  return PresenceError.unavailable("this server is going away; connect again", 100);
}

// A status would wait behind the messages that are not read.
function reset(call: WritableCall): void {
  const stream = http2StreamOf(call);
  if (stream !== undefined) stream.close(cancelCode);
  else call.destroy();
}
