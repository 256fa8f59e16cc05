import { setTimeout as sleep } from "node:timers/promises";
import { Server, ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { explainBindError } from "./bind-error.ts";
import { guardConnections, limitHeaders } from "./http2-guard.ts";
import type { Limits } from "./limits/limits.ts";

export interface EndpointOptions {
  readonly limits: Limits;
  /** Undefined: in the clear. */
  readonly credentials: ServerCredentials | undefined;
  readonly log: Logger;
}

/** Streams on a connection that has reached its age are ended within a second; this is for calls, and for peers that do not hear. */
const connectionAgeGraceMs = 30_000;

/** Metadata that is so little too large is refused in the words of gRPC; beyond that its stream is reset. */
const politeBytes = 4_096;

/** What protects the process from its peers. */
function serverOptions({ messageBytes, streamsPerConnection, connectionAgeMs }: Limits): ServerOptions {
  return {
    "grpc.max_receive_message_length": messageBytes,
    "grpc.max_concurrent_streams": streamsPerConnection,
    // Off by default; without it a peer that lost its network holds its connection for ever.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // grpc-js spreads it by 10 %, so that clients which came together do not leave together.
    ...(connectionAgeMs === undefined
      ? {}
      : { "grpc.max_connection_age_ms": connectionAgeMs, "grpc.max_connection_age_grace_ms": connectionAgeGraceMs }),
  };
}

/** Answers need a moment on their way out after the last handler is done. */
const flushMs = 200;
const pollMs = 50;

/** The listening side: a grpc-js server with an address, and an end in good order. */
export class GrpcEndpoint {
  readonly server: Server;
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.server = new Server(serverOptions(options.limits));
    limitHeaders(this.server, options.limits.headerBytes + politeBytes);
  }

  /**
   * Listens. Resolves to the port.
   * @throws Error that says which variable to change
   */
  async listen(host: string, port: number): Promise<number> {
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const { credentials = ServerCredentials.createInsecure(), limits, log } = this.#options;
    const bound = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(address, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(explainBindError(error, host, port));
      });
    });
    guardConnections(this.server, limits.connections, log);
    return bound;
  }

  /**
   * Takes no new connections and tells clients to go elsewhere, waits for open calls, and cuts off what is left after `timeoutMs`.
   * Streams of the health service have no end of their own: they are cut off when no call of ours is open.
   * @param open how many calls of ours are being answered
   * @returns whether every call had its answer
   */
  async close(timeoutMs: number, open: () => number): Promise<boolean> {
    let closed = false;
    const closing = new Promise<void>((resolve, reject) => {
      this.server.tryShutdown((error) => {
        closed = true;
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    const deadline = performance.now() + timeoutMs;
    let idleSince: number | undefined;
    while (!closed) {
      const now = performance.now();
      if (now >= deadline) break;
      idleSince = open() > 0 ? undefined : (idleSince ?? now);
      if (idleSince !== undefined && now - idleSince >= flushMs) break;
      await Promise.race([closing, sleep(pollMs)]);
    }
    const finished = open() === 0;
    if (!closed) this.server.forceShutdown();
    await closing;
    return finished;
  }
}
