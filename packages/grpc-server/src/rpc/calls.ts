import { randomUUID } from "node:crypto";
import { type handleUnaryCall, type ServerUnaryCall, type ServiceError, status } from "@grpc/grpc-js";
import { PresenceError } from "@presence/domain";
import type { Logger } from "pino";
import { errorReport } from "../errors/error-report.ts";
import { toServiceError } from "../errors/rpc-status.ts";
import { type Decoded, Malformed } from "./decoded.ts";

type Failure = Pick<ServiceError, "code" | "details" | "metadata"> | Pick<ServiceError, "code" | "details">;

/** Runs unary calls: the one place that knows deadlines, cancellation, logging and how errors travel. */
export class Calls {
  readonly #log: Logger;
  #open = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** How many calls are being answered. */
  get open(): number {
    return this.#open;
  }

  /** The handler that grpc-js calls for `rpc`, made of one that knows only messages. */
  unary<Request, Response>(rpc: string, handle: (request: Request) => Promise<Response>): handleUnaryCall<Decoded<Request>, Response> {
    return (call, reply) => {
      const startedAt = performance.now();
      this.#open++;
      this.#answer(rpc, call, handle)
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

  async #answer<Request, Response>(
    rpc: string,
    call: ServerUnaryCall<Decoded<Request>, Response>,
    handle: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    const { request } = call;
    if (request instanceof Malformed) throw request.toError();
    // Nobody waits for the answer any more: a write now would come as a surprise.
    if (call.cancelled || deadlineMs(call) <= Date.now()) throw new Abandoned();
    this.#log.debug({ rpc, request }, "call");
    return handle(request);
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

function deadlineMs(call: { getDeadline(): Date | number }): number {
  const deadline = call.getDeadline();
  return typeof deadline === "number" ? deadline : deadline.getTime();
}
