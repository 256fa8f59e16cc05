import type { Stats } from "@presence/client";
import type { Finding } from "@presence/redis-adapter/doctor";
import { formatDuration } from "../duration.ts";
import type { Failure } from "../failure.ts";

/** What the server said of itself, or why it did not. */
export type ServerAnswer = { readonly stats: Stats } | { readonly failure: Failure };

export interface ServerExpectations {
  /** `host:port`. */
  readonly server: string;
  /** Of this command. */
  readonly version: string;
  /** What is known of a Redis to work on. */
  readonly redis: "named" | "not-named" | "left-out";
}

const lagNoteMs = 1_500;
const lagProblemMs = 10_000;

/** What the server's word about itself means. Pure. */
export function judgeServer(answer: ServerAnswer, expected: ServerExpectations): readonly Finding[] {
  if ("failure" in answer) {
    const { message } = answer.failure;
    const hint = isLate(answer.failure) ? "see the checks latency and sweep-lag: it counts all users to answer" : answer.failure.hint;
    const leaveOut = "or leave it out with --no-server";
    return [
      { name: "server", node: undefined, level: "problem", found: message, advice: hint === undefined ? leaveOut : `${hint}; ${leaveOut}` },
    ];
  }
  const { stats } = answer;
  return [reachable(stats, expected), storeOf(stats, expected), feedOf(stats), sweepLagOf(stats)];
}

/** What is said where no Redis is named: that is right for a server which has none, and wrong for others. */
export function withoutRedis(answer: ServerAnswer | undefined): Finding {
  const embedded = answer !== undefined && "stats" in answer && answer.stats.store === "memory";
  return {
    name: "connection",
    node: undefined,
    level: embedded ? "note" : "problem",
    found: embedded ? "no Redis is named, and the server has none: nothing to look at there" : "no Redis is named, so none was looked at",
    advice: embedded
      ? undefined
      : "name the Redis of the servers with --redis, REDIS_URL, PRESENCE_REDIS_CLUSTER or PRESENCE_REDIS_SENTINELS; or leave it out with --no-redis",
  };
}

// Its own hint is about changes, and nothing was changed here.
function isLate({ cause }: Failure): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "DEADLINE_EXCEEDED";
}

function reachable({ version, uptimeMs, devices }: Stats, expected: ServerExpectations): Finding {
  const found = `${expected.server} answers: version ${version}, up for ${formatDuration(uptimeMs)}, ${devices.toLocaleString("en")} ${devices === 1 ? "device" : "devices"}`;
  if (version === expected.version) return { name: "server", node: undefined, level: "ok", found, advice: undefined };
  return {
    name: "server",
    node: undefined,
    level: "note",
    found: `${found}; this command is version ${expected.version}`,
    advice: "use the same version of both",
  };
}

function storeOf({ store }: Stats, { redis }: ServerExpectations): Finding {
  const name = "server-store";
  if (store !== "memory") return { name, node: undefined, level: "ok", found: store, advice: undefined };
  if (redis === "named") {
    return {
      name,
      node: undefined,
      level: "problem",
      found:
        "the server works in its own memory although a Redis is named here: other servers do not see its users, and all is lost at its end",
      advice: "start it with the same variables set, or name the right server with --server",
    };
  }
  return {
    name,
    node: undefined,
    level: "note",
    found: "the server works in its own memory: all is lost at its end",
    advice: "set REDIS_URL, PRESENCE_REDIS_CLUSTER or PRESENCE_REDIS_SENTINELS and start it again, unless that is what you want",
  };
}

function feedOf({ feed }: Stats): Finding {
  const name = "server-feed";
  if (feed === "LIVE") return { name, node: undefined, level: "ok", found: "LIVE", advice: undefined };
  if (feed === undefined)
    return { name, node: undefined, level: "note", found: "the server does not tell whether its feed is live", advice: undefined };
  return {
    name,
    node: undefined,
    level: "problem",
    found: "STALE: its watchers may miss changes, and have been told so",
    advice: "see the check connection, and the server's log: it subscribes again by itself as soon as Redis answers",
  };
}

function sweepLagOf({ sweepLagMs }: Stats): Finding {
  const level = sweepLagMs > lagProblemMs ? "problem" : sweepLagMs > lagNoteMs ? "note" : "ok";
  return {
    name: "server-sweep-lag",
    node: undefined,
    level,
    found: `${Math.round(sweepLagMs).toLocaleString("en")} ms at its last sweep`,
    advice: level === "ok" ? undefined : "it has more to sweep than it can: see the check latency, or start another server",
  };
}
