import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";

export interface MetricsEndpointOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether a start without metrics has failed. */
  readonly required: boolean;
  readonly log: Logger;
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
  /** Why the server is not ready, in words; undefined: it is. */
  readonly notReady: () => string | undefined;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Scrapers and probes are few; whoever opens more is none. */
const maxConnections = 64;
const requestTimeoutMs = 5_000;

/** Plain HTTP beside gRPC: `/metrics` for Prometheus, `/healthz` and `/readyz` for an orchestrator. */
export class MetricsEndpoint {
  readonly #options: MetricsEndpointOptions;
  readonly #server: Server;

  constructor(options: MetricsEndpointOptions) {
    this.#options = options;
    const limits = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs, maxHeaderSize: 8_192 };
    this.#server = createServer(limits, (request, response) => void this.#respond(request, response));
    this.#server.maxConnections = maxConnections;
    // Such as no file descriptor for one more connection: no reason to end.
    this.#server.on("error", ({ message }) => options.log.debug({ reason: message }, "the endpoint for metrics has a problem"));
  }

  /**
   * Listens. Resolves to the port; to undefined where nobody asked for it and another process has it, say a second server.
   * @throws Error that says which variable to change
   */
  async start(): Promise<number | undefined> {
    const { host, port, required, log } = this.#options;
    try {
      this.#server.listen({ host, port });
      await once(this.#server, "listening");
      return (this.#server.address() as AddressInfo).port;
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (required || cause.code !== "EADDRINUSE") throw explain(cause, host, port);
      log.warn(explain(cause, host, port).message);
      return undefined;
    }
  }

  /** Ends at once: a scraper comes back, a probe has its answer. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, body } = await this.#answer(request).catch((error: unknown) => failed(error));
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), "cache-control": "no-store" });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #answer({ method, url = "" }: IncomingMessage): Promise<Answer> {
    if (method !== "GET" && method !== "HEAD") return json(405, { error: "only GET is answered here" });
    const [path] = url.split("?");
    switch (path) {
      case "/metrics":
        return { status: 200, type: this.#options.registry.contentType, body: await this.#options.registry.metrics() };
      case "/healthz":
        return json(200, { status: "ok" });
      case "/readyz": {
        const reason = this.#options.notReady();
        return reason === undefined ? json(200, { status: "ready" }) : json(503, { status: "not ready", reason });
      }
      default:
        return json(404, { error: "there are /metrics, /healthz and /readyz" });
    }
  }
}

function json(status: number, body: object): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(body)}\n` };
}

function failed(error: unknown): Answer {
  return json(500, { error: error instanceof Error ? error.name : "Error" });
}

function explain(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  const ways = "set PRESENCE_METRICS_PORT to another one, to 0 for any free one, or to off";
  if (cause.code === "EADDRINUSE") return new Error(`port ${port} for metrics and probes is in use: ${ways}`, { cause });
  if (cause.code === "EACCES") return new Error(`port ${port} for metrics needs privileges: ${ways}`, { cause });
  return new Error(`cannot listen on ${host} port ${port} for metrics (PRESENCE_HOST, PRESENCE_METRICS_PORT): ${cause.message}`, { cause });
}
