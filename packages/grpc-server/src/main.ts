#!/usr/bin/env node
import { setLogger } from "@grpc/grpc-js";
import { PresenceError } from "@presence/domain";
import type { Logger } from "pino";
import { composeServer } from "./composition-root.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { errorReport } from "./errors/error-report.ts";
import { createLogger, withoutCredentials } from "./logger.ts";
import { watchMemoryOutsideHeap } from "./memory-outside-heap.ts";
import { packageVersion } from "./server-stats.ts";
import type { Tracing } from "./telemetry/tracing.ts";

// Exit codes: 0 ended by a signal, 1 failed, 2 the settings cannot be used.

const sameSignalMs = 500;

const config = settings();
const log = createLogger(config.logLevel);
watchForFaults(log);
await run(config, log);

function settings(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // For who typed it, not for a log collector.
    console.error(`presence-server: ${error.message}`);
    process.exit(2);
  }
}

function watchForFaults(log: Logger): void {
  // grpc-js writes to the console by itself.
  const debug = (message: unknown) => log.debug({ source: "grpc-js" }, withoutCredentials(String(message)));
  setLogger({ error: debug, info: debug, debug });
  const fatal = (error: unknown) => {
    log.fatal({ error: errorReport(error) }, "a fault that nobody handles; the process ends");
    log.debug({ error }, "fault");
    process.exit(1);
  };
  process.on("unhandledRejection", fatal);
  process.on("uncaughtException", fatal);
}

async function run(config: Config, log: Logger): Promise<void> {
  try {
    const tracing = await startTracing(config, log);
    const { server, close } = composeServer(config, log, { tracing });
    let endingSince: number | undefined;
    const end = (signal: NodeJS.Signals) => {
      if (endingSince !== undefined) {
        // A terminal and a package manager may both pass on one Ctrl-C; who presses it again is in a hurry.
        if (performance.now() - endingSince > sameSignalMs) process.exit(1);
        return;
      }
      endingSince = performance.now();
      log.info({ signal }, "ending; another signal ends at once");
      close()
        .then(() => tracing?.close())
        .then(
          () => process.exit(0),
          (error: unknown) => {
            log.fatal({ error: errorReport(error) }, "could not end in good order");
            process.exit(1);
          },
        );
    };
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
    await server.start();
    watchMemoryOutsideHeap((grownBytes) => log.debug({ grownBytes }, "garbage was collected for what it held outside the heap"));
  } catch (error) {
    log.fatal({ error: errorReport(error) }, startProblem(error));
    process.exit(1);
  }
}

/** OpenTelemetry is loaded only where traces are wanted: it takes longer to load than all the rest. */
async function startTracing({ traces }: Config, log: Logger): Promise<Tracing | undefined> {
  if (traces === undefined) return undefined;
  const { openTelemetry } = await import("./telemetry/open-telemetry.ts");
  return openTelemetry({ endpoint: traces, version: packageVersion(), log });
}

function startProblem(error: unknown): string {
  const reason = error instanceof PresenceError || error instanceof Error ? error.message : String(error);
  return `cannot start: ${reason}`;
}
