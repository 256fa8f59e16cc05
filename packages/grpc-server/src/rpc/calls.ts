import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { type Act, PresenceError } from "@presence/domain";
import type { Logger } from "pino";
import type { EnteringCall, Entrance } from "../auth/entrance.ts";
import type { Identity } from "../auth/identity.ts";
import { errorReport } from "../errors/error-report.ts";
import { toServiceError } from "../errors/rpc-status.ts";
import { type Decoded, Malformed } from "./decoded.ts";
import type { DuplexHandler, ServerStreamHandler } from "./service-types.ts";

type Failure = Pick<ServiceError, "code" | "details" | "metadata"> | Pick<ServiceError, "code" | "details">;

/** A call of any kind before it is answered. */
interface Incoming extends EnteringCall {
  readonly cancelled: boolean;
  getDeadline(): Date | number;
}

/** Runs calls: the one place that knows who may come in, deadlines, cancellation, logging and how errors travel. */
export class Calls {
  readonly #log: Logger;
  readonly #entrance: Entrance;
  #open = 0;

  constructor(log: Logger, entrance: Entrance) {
    this.#log = log;
    this.#entrance = entrance;
  }

  /** How many calls are being answered. */
  get open(): number {
    return this.#open;
  }

  /** The handler that grpc-js calls for `rpc`, made of one that knows only messages. */
  unary<Request, Response>(
    rpc: string,
    actOf: (request: Request) => Act,
    handle: (request: Request) => Promise<Response>,
  ): handleUnaryCall<Decoded<Request>, Response> {
    return (call, reply) => {
      const startedAt = performance.now();
      this.#open++;
      this.#answer(rpc, call, actOf, handle)
        .then(
          (response) => this.#reply(rpc, startedAt, status.OK, () => reply(null, response)),
          (error: unknown) => {
            const failure = this.#failure(rpc, error);
            this.#reply(rpc, startedAt, failure.code, () => reply(failure));
          },
        )
        // Only grpc-js itself can fail here, such as by a response that cannot be serialized.
        .catch((error: unknown) => this.#log.error({ rpc, error: errorReport(error) }, "an answer could not be sent"))
        .finally(() => this.#open--);
    };
  }

  /** The handler of a stream of responses, which is opened for those who may have it. */
  stream<Request>(
    rpc: string,
    actOf: (request: Request) => Act,
    open: ServerStreamHandler<Request>,
  ): handleServerStreamingCall<Decoded<Request>, Buffer> {
    return (call) => {
      this.#enter(call, call.request, actOf).then(
        ({ identity, request }) => this.#opened(rpc, call, () => open(call, request, identity)),
        (error: unknown) => void call.emit("error", this.#failure(rpc, error)),
      );
    };
  }

  /** The handler of a stream of requests and responses. It is opened for everyone who is known: its requests are judged one by one. */
  duplex<Request>(rpc: string, open: DuplexHandler<Request>): handleBidiStreamingCall<Decoded<Request>, Buffer> {
    return (call) => {
      this.#enter(call, undefined, () => ({ kind: "read" })).then(
        ({ identity }) => this.#opened(rpc, call, () => open(call, identity)),
        (error: unknown) => void call.emit("error", this.#failure(rpc, error)),
      );
    };
  }

  #opened(rpc: string, call: { emit(event: "error", error: unknown): boolean }, open: () => void): void {
    this.#log.debug({ rpc }, "stream");
    try {
      open();
    } catch (error) {
      call.emit("error", this.#failure(rpc, error));
    }
  }

  async #answer<Request, Response>(
    rpc: string,
    call: ServerUnaryCall<Decoded<Request>, Response>,
    actOf: (request: Request) => Act,
    handle: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    const { request } = await this.#enter(call, call.request, actOf);
    this.#log.debug({ rpc, request }, "call");
    return handle(request);
  }

  /** Who is it, first: a stranger does not even learn whether his bytes are a message. */
  async #enter<Request>(
    call: Incoming,
    decoded: Decoded<Request>,
    actOf: (request: Request) => Act,
  ): Promise<{ readonly identity: Identity; readonly request: Request }> {
    checkAwaited(call);
    const identity = await this.#entrance.admit(call);
    if (decoded instanceof Malformed) throw decoded.toError();
    await this.#entrance.require(identity, actOf(decoded));
    // What came with the call may be the word that it was given up, long ago where this server was frozen: as far as that has arrived, it is heard.
    await nextTurn();
    checkAwaited(call);
    return { identity, request: decoded };
  }

  #reply(rpc: string, startedAt: number, code: status, send: () => void): void {
    this.#log.debug({ rpc, status: status[code], ms: Math.round((performance.now() - startedAt) * 1_000) / 1_000 }, "answer");
    send();
  }

  #failure(rpc: string, thrown: unknown): Failure {
    if (thrown instanceof Abandoned) return { code: status.DEADLINE_EXCEEDED, details: "the deadline had passed before the call began" };
    const error = PresenceError.from(thrown);
    if (error.code !== "INTERNAL") {
      this.#log.debug({ rpc, error }, "refused");
      return toServiceError(error);
    }
    const id = randomUUID();
    this.#log.error({ rpc, id, error: errorReport(error) }, "internal error; LOG_LEVEL=debug shows its message");
    this.#log.debug({ rpc, id, error }, "internal error");
    return toServiceError(new PresenceError("INTERNAL", `internal error ${id}; the server's log has the details`));
  }
}

class Abandoned extends Error {}

// Nobody waits for the answer any more: a write now would come as a surprise.
function checkAwaited(call: Incoming): void {
  if (call.cancelled || deadlineMs(call) <= Date.now()) throw new Abandoned();
}

function deadlineMs(call: Incoming): number {
  const deadline = call.getDeadline();
  return typeof deadline === "number" ? deadline : deadline.getTime();
}
