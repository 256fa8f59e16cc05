import type { Logger } from "pino";
import type { Backend } from "./backend.ts";
import type { Config } from "./config.ts";
import type { GrpcEndpoint } from "./grpc-endpoint.ts";
import type { Health } from "./health.ts";
import type { MetricsEndpoint } from "./metrics/metrics-endpoint.ts";
import type { Calls } from "./rpc/calls.ts";
import type { SessionEndings } from "./session-endings.ts";
import type { Live } from "./streams/live.ts";
import type { SweepLoop } from "./sweep-loop.ts";

export interface PresenceServerParts {
  readonly config: Config;
  readonly log: Logger;
  readonly backend: Backend;
  readonly endpoint: GrpcEndpoint;
  readonly calls: Calls;
  readonly health: Health;
  readonly live: Live;
  readonly sweeps: SweepLoop;
  readonly sessionEndings: SessionEndings;
  readonly metrics: MetricsEndpoint | undefined;
  /** How long open calls may take at the end. */
  readonly drainMs: number;
}

/** The running service: how it starts and, in one visible order, how it ends. */
export class PresenceServer {
  readonly #parts: PresenceServerParts;
  #closing: Promise<void> | undefined;

  constructor(parts: PresenceServerParts) {
    this.#parts = parts;
  }

  /** Listens and begins to sweep, whether the store can be reached yet or not. Resolves to the port. */
  async start(): Promise<number> {
    const { config, log, endpoint, live, sweeps, backend, metrics } = this.#parts;
    const port = await endpoint.listen(config.host, config.port);
    const metricsPort = await metrics?.start();
    if (config.tls === undefined && config.auth.kind !== "none") {
      log.warn("tokens travel in the clear: set PRESENCE_TLS_CERT and PRESENCE_TLS_KEY, unless something in front of this server ends TLS");
    }
    await backend.ready?.();
    sweeps.start();
    live.start();
    log.info(
      { host: config.host, port, metricsPort, store: backend.store.name },
      `presence listens on ${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`,
    );
    return port;
  }

  /** Ends within 10 s. Calling it again waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { log, health, live, endpoint, calls, sweeps, sessionEndings, backend, metrics, drainMs } = this.#parts;
    health.drain();
    live.drain();
    const finished = await endpoint.close(drainMs, () => calls.open);
    if (!finished) log.warn({ open: calls.open }, "calls were cut off at the end");
    await sweeps.stop();
    await sessionEndings.stop();
    backend.close();
    // Last, so that probes are told why until the end.
    await metrics?.close();
    log.info("presence has ended");
  }
}
