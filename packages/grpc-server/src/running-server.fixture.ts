import { composeServer, type Overrides } from "./composition-root.ts";
import { readConfig } from "./config.ts";
import { type GenericClient, genericClient } from "./generic-client.fixture.ts";
import { createLogger } from "./logger.ts";

/** A real server in this process, on a free port, and a client of it. */
export interface RunningServer {
  readonly address: string;
  readonly client: GenericClient;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Ends the server alone: its client sees how. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** @param environment variables besides the address */
export async function startServer(environment: Record<string, string> = {}, overrides: Overrides = {}): Promise<RunningServer> {
  const config = readConfig({ PRESENCE_PORT: "0", PRESENCE_METRICS_PORT: "0", ...environment });
  let text = "";
  const sink = {
    write(line: string) {
      text += line;
    },
  };
  const { server, close } = composeServer(config, createLogger(config.logLevel, sink), overrides);
  const address = `127.0.0.1:${await server.start()}`;
  const client = genericClient(address);
  return {
    address,
    client,
    log: () => text,
    stop: close,
    async close() {
      client.close();
      await close();
    },
  };
}
