import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DiagLogLevel, diag } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import type { Logger } from "pino";
import { spans } from "./spans.ts";
import type { Tracing } from "./tracing.ts";

export interface OpenTelemetryOptions {
  /** OTLP over HTTP, such as `http://collector:4318`. */
  readonly endpoint: string;
  readonly version: string;
  readonly log: Logger;
}

const lastFlushMs = 1_000;

/**
 * Spans by the API alone, sent by the standard SDK, which reads the other `OTEL_` variables (headers, sampler, service name). No
 * instrumentation that hooks into modules: in ESM it needs a loader, and would make spans of every command of every sweep.
 */
export function openTelemetry({ endpoint, version, log }: OpenTelemetryOptions): Tracing {
  const own = { "service.name": "presence", "service.version": version, "service.instance.id": randomUUID() };
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  reportProblems(log);
  return {
    ...spans(provider.getTracer("presence", version)),
    async close() {
      const ended = provider.shutdown().catch((error: unknown) => log.debug({ error }, "the last traces could not be sent"));
      await Promise.race([ended, sleep(lastFlushMs, undefined, { ref: false })]);
    },
  };
}

/** A collector that is away is one line, not one every five seconds. */
function reportProblems(log: Logger): void {
  let told = false;
  const problem = (message: string) => {
    log[told ? "debug" : "warn"]({ reason: message }, "traces cannot be sent; what does not fit into memory is dropped");
    told = true;
  };
  const silent = () => {};
  diag.setLogger({ error: problem, warn: silent, info: silent, debug: silent, verbose: silent }, DiagLogLevel.ERROR);
}
