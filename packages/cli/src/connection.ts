import type { PresenceClient } from "@presence/client";
import { clientFailure } from "./client-failure.ts";
import { Failure } from "./failure.ts";
import { type Io, setting } from "./io.ts";
import { pemFile } from "./pem-file.ts";

export const defaultServer = "127.0.0.1:50051";

/** Runs `use` with a client of the server that options and environment name, and closes it. */
export async function withClient(io: Io, serverOption: string | undefined, use: (client: PresenceClient) => Promise<void>): Promise<void> {
  const server = serverAddress(serverOption, io);
  const tlsCa = await pemFile(io, "PRESENCE_TLS_CA", "the certificate of the server's authority");
  const tlsCert = await pemFile(io, "PRESENCE_TLS_CLIENT_CERT", "your certificate");
  const tlsKey = await pemFile(io, "PRESENCE_TLS_CLIENT_KEY", "the key of your certificate");
  // gRPC takes longer to load than all the rest: `--help` and wrong usage do without.
  const { createPresenceClient, PresenceClientError } = await import("@presence/client");
  try {
    const caller = { user: setting(io, "PRESENCE_USER"), token: setting(io, "PRESENCE_TOKEN"), tlsCa, tlsCert, tlsKey };
    const client = createPresenceClient({ server, ...caller });
    try {
      await use(client);
    } finally {
      client.close();
    }
  } catch (error) {
    throw error instanceof PresenceClientError ? clientFailure(error, server) : error;
  }
}

/** The server that option and environment name. @throws Failure where that is no address */
export function serverAddress(option: string | undefined, io: Io): string {
  const variable = setting(io, "PRESENCE_SERVER");
  const server = option ?? variable ?? defaultServer;
  const port = Number(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(server)?.[1] ?? 0);
  if (port >= 1 && port <= 65_535) return server;
  throw Failure.usage(
    `${option === undefined ? "PRESENCE_SERVER" : "--server"} is '${server}', which is no host:port`,
    `write it as ${defaultServer}`,
  );
}
