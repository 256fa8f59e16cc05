import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ChainableCommander, Redis } from "ioredis";
import { fromRedis } from "./redis-errors.ts";

/** A Lua file, and the name under which Redis keeps it. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** One command of a round trip. */
export type Command = readonly [name: string, ...args: (string | number)[]];

function script(file: string): Script {
  const source = readFileSync(new URL(`../lua/${file}`, import.meta.url), "utf8");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

export const scripts = {
  tick: script("tick.lua"),
  commit: script("commit.lua"),
  renew: script("renew.lua"),
  claim: script("claim.lua"),
  members: script("members.lua"),
} as const;

/** The command that runs `run` on these keys. */
export function evalsha(run: Script, keys: readonly string[], args: readonly (string | number)[]): Command {
  return ["EVALSHA", run.sha, keys.length, ...keys, ...args];
}

/**
 * Sends all commands in one round trip. Scripts that the server does not know (any more) are loaded, and their commands sent again.
 * @throws PresenceError what the first failed command came to
 */
export async function roundTrip(client: Redis, commands: readonly Command[]): Promise<unknown[]> {
  const results = await send(client, commands);
  const unknown = results.flatMap(([error], index) => (error?.message.startsWith("NOSCRIPT") ? [index] : []));
  if (unknown.length > 0) {
    await send(client, Object.values(scripts).map(({ source }): Command => ["SCRIPT", "LOAD", source]));
    const again = await send(client, unknown.flatMap((index) => commands.slice(index, index + 1)));
    for (const [position, index] of unknown.entries()) results[index] = again[position] ?? [new Error("no answer"), undefined];
  }
  return results.map(([error, value]) => {
    if (error) throw fromRedis(error);
    return value;
  });
}

async function send(client: Redis, commands: readonly Command[]): Promise<[Error | null, unknown][]> {
  let pipeline: ChainableCommander = client.pipeline();
  for (const [name, ...args] of commands) pipeline = pipeline.call(name, ...args);
  try {
    const results = await pipeline.exec();
    if (results === null) throw new Error("the pipeline was aborted");
    return results;
  } catch (error) {
    throw fromRedis(error);
  }
}
