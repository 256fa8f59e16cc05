import { Redis } from "ioredis";

const timeoutMs = 2_000;

/**
 * Sends one command, its words separated by blanks, on a connection of its own.
 * @throws Error where nobody answers, or the answer is an error
 */
export async function askRedis(port: number, command: string): Promise<unknown> {
  const client = new Redis(port, "127.0.0.1", {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
  });
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason = error;
  });
  const [name = "", ...args] = command.split(" ");
  try {
    await client.connect();
    return await client.call(name, ...args);
  } catch (error) {
    // ioredis says that the connection is closed, and tells why in an event.
    throw reason ?? error;
  } finally {
    client.disconnect();
  }
}
