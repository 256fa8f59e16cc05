import type { Redis } from "ioredis";

/** How often a subscriber connection is asked whether it lives. */
const pingMs = 1_000;

/**
 * Asks a subscriber connection whether it lives, and breaks it where it does not answer within its command timeout: an
 * open connection may be dead, and says nothing. Returns how to end it.
 */
export function keepPinging(connection: Redis, onDead: (error: unknown) => void): () => void {
  const timer = setInterval(() => {
    if (connection.status !== "ready") return;
    const { stream } = connection;
    connection.ping().catch((error: unknown) => {
      // Only the connection that was asked: another one may be there by now.
      if (connection.status !== "ready" || connection.stream !== stream) return;
      onDead(error);
      stream.destroy();
    });
  }, pingMs);
  return () => clearInterval(timer);
}
