import { PresenceError } from "@presence/domain";
import { toServiceError } from "../errors/rpc-status.ts";
import type { Outlet, WritableCall } from "./outlet.ts";

/** A peer that has not read for so long is gone, whatever its connection says. */
const maxStuckMs = 60_000;
const cancelCode = 8;

/** One stream that is open. */
export interface OpenStream {
  readonly call: WritableCall;
  readonly outlet: Outlet;
  /** Lets go of everything that the stream holds. `drained`: the server ends it, not the peer. */
  release(drained: boolean): void;
}

/** All open streams of this server: how many there are, who is stuck, and how they end. */
export class OpenStreams {
  readonly #streams = new Set<OpenStream>();
  #draining = false;

  get size(): number {
    return this.#streams.size;
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

  /** Resets streams whose peers do not read; to be called every second or so. */
  tick(now: number): void {
    for (const stream of this.#streams) {
      if (stream.outlet.stuckForMs(now) < maxStuckMs) continue;
      this.#forget(stream, false);
      reset(stream.call);
    }
  }

  /** Ends every stream with UNAVAILABLE, so that its client resumes elsewhere; new ones end at once. */
  drain(): void {
    this.#draining = true;
    for (const stream of [...this.#streams]) {
      this.#forget(stream, true);
      this.#end(stream, goingAway());
    }
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

// A status would wait behind the messages that are not read. grpc-js has no public way to reset a stream.
function reset(call: WritableCall): void {
  const inner: unknown = Reflect.get(call, "call");
  const stream: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "stream") : undefined;
  if (typeof stream === "object" && stream !== null && "close" in stream && typeof stream.close === "function") stream.close(cancelCode);
  else call.destroy();
}
