import { problem, type Verdict } from "./finding.ts";

const causes: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /WRONGPASS|NOAUTH|invalid (?:username|password)|without any password/i,
    "set PRESENCE_REDIS_USERNAME and PRESENCE_REDIS_PASSWORD, or put them into the URL",
  ],
  [/certificate|SSL|TLS|wrong version number/i, "use rediss:// for a Redis that speaks TLS, with PRESENCE_REDIS_TLS_CA for its authority"],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH/, "start Redis, or name another one with --redis or REDIS_URL"],
  [/LOADING/, "wait until it has read its data, and look again"],
  [/BUSY|timed out|ETIMEDOUT/i, "see what it does: a script that runs on (redis-cli SCRIPT KILL), a machine that swaps, a stopped process"],
];

/** What it means that Redis cannot be asked. */
export function connectionProblem(address: string, error: unknown): Verdict {
  const reason = error instanceof Error ? error.message : String(error);
  const advice = causes.find(([pattern]) => pattern.test(reason))?.[1] ?? "see the log of Redis, and whether the address is right";
  return problem(`Redis at ${address} cannot be examined: ${reason}`, advice);
}
