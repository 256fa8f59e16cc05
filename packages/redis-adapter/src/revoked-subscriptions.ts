import type { Redis } from "ioredis";

/** How a node says that a subscription has ended. No event of ours can hold it: a message has no control characters. */
const ended = Buffer.from("*3\r\n$12\r\nsunsubscribe\r\n");

/**
 * Calls `revoked` where a node of a cluster takes a subscription back, as it does when a slot leaves it. ioredis tells nobody, and may take it
 * for the answer to whatever command waits. Our own unsubscribing is answered in the same words, once a channel.
 */
export function onRevoked(connection: Redis, revoked: () => void): void {
  const send = connection.sunsubscribe.bind(connection) as (...channels: string[]) => Promise<unknown>;
  let expected = 0;
  connection.sunsubscribe = ((...channels: string[]) => {
    expected += channels.length;
    return send(...channels);
  }) as typeof connection.sunsubscribe;
  connection.on("connect", () => {
    expected = 0;
    // Before ioredis reads it.
    connection.stream.prependListener("data", (data: Buffer) => {
      for (let at = data.indexOf(ended); at >= 0; at = data.indexOf(ended, at + ended.length)) {
        if (expected-- > 0) continue;
        expected = 0;
        revoked();
        return;
      }
    });
  });
}
