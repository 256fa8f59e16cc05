import { PresenceError } from "@presence/domain";
import type { Answer, Command, RedisLink } from "./link.ts";
import { fromRedis } from "./redis-errors.ts";
import { scriptsBySha } from "./scripts.ts";

/**
 * So many commands may wait for their answers, those included whose callers have given up: they are still sent, and take
 * their place until Redis answers or the connection ends. Beyond it Redis is so far behind that nobody would wait for it.
 */
export const maxWaiting = 20_000;
const retryAfterMs = 500;

/** What a key is that has the wrong type for a command. */
const keyKinds: ReadonlyMap<string, string> = new Map([
  ["HMGET", "a user's session (a hash)"],
  ["SISMEMBER", "a party (a set)"],
  ["ZADD", "the due index (sorted sets)"],
  ["ZREM", "the due index (sorted sets)"],
]);

/**
 * Sends all commands in one round trip. Scripts that the server does not know (any more) are sent again with their source.
 * @throws PresenceError what the first failed command came to
 */
export async function roundTrip(link: RedisLink, commands: readonly Command[]): Promise<unknown[]> {
  const answers = await separateRoundTrip(link, commands);
  for (const answer of answers) if (answer instanceof PresenceError) throw answer;
  return answers;
}

/**
 * The same, with an `INTERNAL` in the place of each command that Redis refused for what it found there: what is wrong with
 * one key fails nobody else.
 * @throws PresenceError `UNAVAILABLE` where Redis could not carry out a command now: then it could not serve the others either
 */
export async function separateRoundTrip(link: RedisLink, commands: readonly Command[]): Promise<unknown[]> {
  if (commands.length === 0) return [];
  const results = [...(await send(link, commands))];
  const unknown = results.flatMap(([error], index) => (error?.message.startsWith("NOSCRIPT") ? [index] : []));
  if (unknown.length > 0) {
    // By source, rather than loaded first: a SCRIPT FLUSH may come between any two commands.
    const again = await send(
      link,
      unknown.map((index) => bySource(commands[index])),
    );
    for (const [position, index] of unknown.entries()) results[index] = again[position] ?? [new Error("no answer"), undefined];
  }
  return results.map(([error, value], index) => {
    if (!error) return value;
    const reason = fromRedis(error, keyKindOf(commands[index]));
    if (reason.code !== "INTERNAL") throw reason;
    return reason;
  });
}

function bySource([, sha, ...rest]: Command = [""]): Command {
  return ["EVAL", scriptsBySha.get(sha)?.source ?? "", ...rest];
}

function keyKindOf([name, sha]: Command = [""]): string | undefined {
  return scriptsBySha.get(sha)?.keyKind ?? keyKinds.get(name);
}

async function send(link: RedisLink, commands: readonly Command[]): Promise<readonly Answer[]> {
  // One call that asks for much is not refused for that: only what waits already counts.
  if (link.waiting() >= maxWaiting)
    throw PresenceError.unavailable(`${maxWaiting} commands are waiting for Redis; it is too slow, or does not answer`, retryAfterMs);
  try {
    return await link.send(commands);
  } catch (error) {
    throw fromRedis(error);
  }
}
