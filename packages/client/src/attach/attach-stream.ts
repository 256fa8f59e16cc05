import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { Acknowledgement, AttachRequest, AttachResponse } from "@presence/proto";
import type { Connected } from "../calls.ts";
import { fromRpcStatus, toClientError } from "../error-translation.ts";
import { ownPresenceFrom } from "../messages.ts";
import type { OwnPresence } from "../presence.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import { connectedFrom } from "../requests.ts";

/** What a request asks. */
type Request = NonNullable<AttachRequest["request"]>;

/** What a stream says. */
export type Response = NonNullable<AttachResponse["response"]>;

interface Pending {
  answered(response: Response): void;
  failed(error: PresenceClientError): void;
  readonly timer: NodeJS.Timeout;
}

/** One open Attach stream: which answer belongs to which request, and when a request is given up. */
export class AttachStream {
  /** Resolves when it has ended: with the reason, or undefined where both sides were done. */
  readonly ended: Promise<PresenceClientError | undefined>;
  readonly #call: ClientDuplexStream<AttachRequest, AttachResponse>;
  readonly #pending = new Map<bigint, Pending>();
  #lastId = 0n;
  #open = true;
  #saidAll = false;
  #reason: PresenceClientError | undefined;

  /** @param told called with what answers no request */
  constructor(call: ClientDuplexStream<AttachRequest, AttachResponse>, told: (response: Response) => void) {
    this.#call = call;
    call.on("data", ({ requestId, response }: AttachResponse) => {
      // Something that only a newer server knows of.
      if (response === undefined) return;
      if (requestId === 0n) told(response);
      // Of a request that was given up, nobody waits for the answer.
      else this.#take(requestId)?.answered(response);
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: PresenceClientError | undefined) => {
        if (!this.#open) return;
        this.#open = false;
        const lost = new PresenceClientError("UNAVAILABLE", "the stream ended before the answer came", { cause: this.#reason ?? reason });
        for (const id of [...this.#pending.keys()]) this.#take(id)?.failed(lost);
        resolve(this.#reason ?? reason);
      };
      call.on("error", (error) => end(toClientError(error)));
      call.on("end", () => end(undefined));
    });
  }

  /** Whether requests can be sent. */
  get open(): boolean {
    return this.#open && !this.#saidAll;
  }

  /**
   * Sends a request. Requests about one user are carried out in the order in which they are sent.
   *
   * @param read makes of the answer what the caller wants; called before anything that the stream says later
   * @throws PresenceClientError the server's, `DEADLINE_EXCEEDED` after `deadlineMs`, `UNAVAILABLE` where the stream ends first
   */
  ask<Answer>(request: Request, deadlineMs: number, read: (response: Response) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.open) {
        reject(new PresenceClientError("UNAVAILABLE", "the stream has ended"));
        return;
      }
      const requestId = ++this.#lastId;
      const timer = setTimeout(() => {
        this.#take(requestId)?.failed(new PresenceClientError("DEADLINE_EXCEEDED", `no answer in ${Math.round(deadlineMs)} ms`));
      }, deadlineMs);
      const answered = (response: Response) => {
        try {
          resolve(read(response));
        } catch (error) {
          reject(toClientError(error));
        }
      };
      this.#pending.set(requestId, { answered, failed: reject, timer });
      this.#call.write({ requestId, request });
    });
  }

  /** Says that no more requests come. The server answers those that it has, and ends the stream. */
  end(): void {
    if (!this.open) return;
    this.#saidAll = true;
    this.#call.end();
  }

  /** Ends it at once, with `reason`. */
  cancel(reason: PresenceClientError): void {
    this.#reason ??= reason;
    this.#call.cancel();
  }

  #take(requestId: bigint): Pending | undefined {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return undefined;
    this.#pending.delete(requestId);
    clearTimeout(pending.timer);
    return pending;
  }
}

/** The answer to a connect. @throws PresenceClientError what the server says instead */
export function connectedOf(response: Response): Connected {
  return response.$case === "connected" ? connectedFrom(response.value) : refuse(response, "connected");
}

/** The answer to everything else. @throws PresenceClientError what the server says instead */
export function acknowledgementOf(response: Response): Acknowledgement {
  return response.$case === "ack" ? response.value : refuse(response, "ack");
}

/** What an acknowledgement says. @throws PresenceClientError what the server says instead */
export function ownPresenceOf(response: Response): OwnPresence {
  return ownPresenceFrom(acknowledgementOf(response));
}

/** The error inside a message of a stream. */
export function attachErrorFrom(status: Parameters<typeof fromRpcStatus>[0] | undefined): PresenceClientError {
  return status === undefined ? new PresenceClientError("UNKNOWN", "the server does not say why") : fromRpcStatus(status);
}

function refuse(response: Response, wanted: Response["$case"]): never {
  if (response.$case === "error") throw attachErrorFrom(response.value.status);
  throw new PresenceClientError("INTERNAL", `the server answers with ${response.$case} instead of ${wanted}`);
}
