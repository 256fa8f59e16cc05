import type { Redis } from "ioredis";

const pingMs = 1_000;

/**
 * Asks a connection each second whether it lives, and breaks it where nothing at all has come for `misses` seconds: an open
 * connection may be dead, and says nothing for a quarter of an hour. Returns how to end it.
 */
export function keepPinging(connection: Redis, misses: number, onDead: () => void): () => void {
  let asked: { readonly stream: Redis["stream"]; readonly bytes: number } | undefined;
  let unanswered = 0;
  const check = () => {
    if (connection.status !== "ready") return;
    const { stream } = connection;
    // Whatever has come since proves life, also what comes too late for the one who asked.
    unanswered = stream === asked?.stream && stream.bytesRead === asked.bytes ? unanswered + 1 : 0;
    asked = { stream, bytes: stream.bytesRead };
    if (unanswered >= misses) {
      onDead();
      stream.destroy();
      return;
    }
    // A failure shows in the bytes that do not come.
    connection.ping().catch(() => {});
  };
  // A process that was busy or paused meets its timers before what has arrived meanwhile; setImmediate comes after both.
  const timer = setInterval(() => setImmediate(check), pingMs);
  return () => clearInterval(timer);
}
