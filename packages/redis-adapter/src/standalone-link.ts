import type { Redis } from "ioredis";
import type { Answer, Command, RedisLink } from "./link.ts";

/** One Redis, or whichever the sentinels name: it holds all keys, and the clock beside them. */
export function standaloneLink(client: Redis): RedisLink {
  const send = async (commands: readonly Command[]): Promise<readonly Answer[]> => {
    // As methods of the pipeline, which ioredis-mock has too; `call` it has not.
    const results = await client.pipeline(commands.map(([name, ...args]) => [name.toLowerCase(), ...args])).exec();
    if (results === null) throw new Error("the pipeline was aborted");
    return results;
  };
  // A new one with each connection; ioredis-mock has none, since it answers at once.
  const queue: { readonly commandQueue?: { readonly length: number } } = client;
  return {
    db: client.options.db ?? 0,
    publish: "PUBLISH",
    together: true,
    send,
    waiting: () => queue.commandQueue?.length ?? 0,
    holders: () => [{ name: "", send }],
    // The clock itself tells what this one has lost.
    checkMasters: async () => ({ changed: undefined, accept: () => {} }),
  };
}
