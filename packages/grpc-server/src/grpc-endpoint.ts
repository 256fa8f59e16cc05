import { setTimeout as sleep } from "node:timers/promises";
import { Server, ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import { explainBindError } from "./bind-error.ts";

/** What protects the process from its peers. */
const options: ServerOptions = {
  // The largest request is 1,000 heartbeats with ids of 128 characters, some 300 kB.
  "grpc.max_receive_message_length": 1024 * 1024,
  // Of one connection. A gateway sends batches rather than thousands of calls at once.
  "grpc.max_concurrent_streams": 1_000,
  // Off by default; without it a peer that lost its network holds its connection for ever.
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

/** Answers need a moment on their way out after the last handler is done. */
const flushMs = 200;
const pollMs = 50;

/** The listening side: a grpc-js server with an address, and an end in good order. */
export class GrpcEndpoint {
  readonly server = new Server(options);

  /**
   * Listens. Resolves to the port.
   * @throws Error that says which variable to change
   */
  async listen(host: string, port: number): Promise<number> {
    const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(explainBindError(error, host, port));
      });
    });
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
