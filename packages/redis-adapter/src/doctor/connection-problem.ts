import { problem, type Verdict } from "./finding.ts";
import type { Unreachable } from "./reach.ts";

const tls =
  "for a Redis that speaks TLS use rediss://, with PRESENCE_REDIS_TLS_CA for its authority; for a cluster and for sentinels PRESENCE_REDIS_TLS_CA alone switches TLS on. For one that does not, leave both out";

const causes: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [
    /WRONGPASS|NOAUTH|invalid (?:username|password)|without any password/i,
    "set PRESENCE_REDIS_USERNAME and PRESENCE_REDIS_PASSWORD, or put them into the URL",
  ],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH/, "start Redis, or name another one with --redis, REDIS_URL or PRESENCE_REDIS_*"],
  [/LOADING/, "wait until it has read its data, and look again"],
  // It hangs up on bytes that are no handshake, and waits for the rest of a handshake that it takes for a command.
  [/certificate|SSL|TLS|wrong version number|closed|ECONNRESET/i, tls],
  [/BUSY|timed out|ETIMEDOUT/i, "see what it does: a script that runs on (redis-cli SCRIPT KILL), a machine that swaps, a stopped process"],
];

/** What it means that Redis cannot be asked. */
export function connectionProblem(address: string, error: unknown): Verdict {
  const reason = reasonOf(error);
  return problem(
    `Redis at ${address} cannot be examined: ${reason}`,
    adviceFor(reason) ?? "see the log of Redis, and whether the address is right",
  );
}

/** What it means that a node of a cluster cannot be asked where it is said to be. */
export function clusterProblem({ unreachable }: Unreachable, isMaster: boolean): Verdict {
  const reason = reasonOf(unreachable);
  const harm = isMaster ? "calls for its users are UNAVAILABLE, and no server sweeps" : "it cannot take over, as far as servers can see";
  const announced = "if it is a wrong address, set cluster-announce-ip or cluster-announce-hostname to one that servers can reach";
  const advice = adviceFor(reason);
  return problem(
    `this ${isMaster ? "master" : "replica"} cannot be reached where the cluster announces it (${reason}): ${harm}`,
    advice === undefined || /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT/.test(reason)
      ? `start it again; ${announced}`
      : advice,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function adviceFor(reason: string): string | undefined {
  return causes.find(([pattern]) => pattern.test(reason))?.[1];
}
