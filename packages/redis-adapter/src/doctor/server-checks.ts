import type { Expectations } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count, duration } from "./quantity.ts";

type Info = ReadonlyMap<string, string>;

/** ZADD with LT, without which a due entry could become later. */
const leastVersion = [6, 2] as const;
const testedMajor = 7;

type Known = Pick<Expectations, "topology">;

export function checkVersion(info: Info, { topology }: Known): Verdict {
  const version = info.get("redis_version") ?? "";
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return note("Redis does not tell its version", "make sure that it is 7.0 or newer; 6.2 is the least");
  const other = info.get("valkey_version");
  const name = other === undefined ? `Redis ${version}` : `Valkey ${other}, which speaks Redis ${version}`;
  const number = Number(major) + Number(minor) / 100;
  if (number < leastVersion[0] + leastVersion[1] / 100) {
    return problem(`${name} does not know ZADD with LT: no change can be written`, "upgrade to 7.0 or newer; 6.2 is the least");
  }
  if (Number(major) < testedMajor && topology === "cluster") {
    return problem(`${name} does not know SPUBLISH: in a cluster no change can be told to watchers`, "upgrade every node to 7.0 or newer");
  }
  if (Number(major) < testedMajor) return note(`${name} works, but the service is tested on 7.0`, "upgrade to 7.0 or newer");
  return ok(name);
}

export function checkRole(info: Info, { topology }: Known): Verdict {
  const mode = info.get("redis_mode");
  if (mode === "sentinel") {
    return problem(
      "this is a sentinel, which holds no keys",
      "set PRESENCE_REDIS_SENTINELS and PRESENCE_REDIS_MASTER in the place of REDIS_URL",
    );
  }
  if (mode === "cluster" && topology !== "cluster") {
    const place = topology === "sentinel" ? "the settings of sentinels" : "REDIS_URL";
    return problem(
      "this is a node of a Redis Cluster: it refuses what belongs to other nodes",
      `set PRESENCE_REDIS_CLUSTER in the place of ${place}`,
    );
  }
  if (info.get("role") === "slave") return replica(`${info.get("master_host") ?? "?"}:${info.get("master_port") ?? "?"}`, topology);
  return ok("it takes writes");
}

function replica(master: string, topology: Known["topology"]): Verdict {
  const found = `this is a replica of ${master}: it refuses every write, and nobody sweeps here`;
  if (topology === "one") return problem(found, `set REDIS_URL to the master, redis://${master}`);
  return problem(found, "it was a master a moment ago: look again when the failover is over");
}

/** What a restart of Redis loses. */
export function checkPersistence(info: Info, snapshots: string | undefined): Verdict {
  if (info.get("aof_enabled") === "1") {
    if (info.get("aof_last_write_status") === "err") {
      return problem("the append-only file cannot be written, so Redis refuses writes", "make room on its disk; its log says more");
    }
    return ok("the append-only file is on: a crash loses the last second at most");
  }
  const advice = "redis-cli CONFIG SET appendonly yes, and appendonly yes in redis.conf";
  if (snapshots !== "" && info.get("rdb_last_bgsave_status") === "err") {
    return problem(
      "the last snapshot could not be written, and Redis refuses writes until one can (unless stop-writes-on-bgsave-error is off)",
      "make room on its disk, then redis-cli BGSAVE; its log says more",
    );
  }
  const cost = "choices (DND and its message) are gone with it; devices come back with their next heartbeat";
  if (snapshots === "") return note(`nothing is kept on disk: a restart loses everything; ${cost}`, advice);
  const changes = Number(info.get("rdb_changes_since_last_save") ?? 0);
  const kept = snapshots === undefined ? "snapshots at most" : "snapshots only";
  return note(`${kept}: a crash now loses ${count(changes, "change")} since the last one; ${cost}`, advice);
}

/** Who could take over, and how much would be lost with it. */
export function checkReplication(info: Info, { topology }: Known): Verdict {
  const replicas = Number(info.get("connected_slaves") ?? 0);
  // Present only where min-replicas-to-write is set.
  const good = info.get("min_slaves_good_slaves");
  if (good === "0") {
    return problem(
      "min-replicas-to-write is set, and no replica is good enough: Redis may refuse every write",
      "bring a replica back, or redis-cli CONFIG SET min-replicas-to-write 0",
    );
  }
  if (replicas === 0) {
    if (topology === "one") return ok("no replica is connected");
    return note(
      "no replica is connected: if this one fails, nobody takes over, and calls for its users fail",
      "bring a replica back, or add one",
    );
  }
  const lags = [...info]
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, value]) => Number(/(?:^|,)lag=(\d+)/.exec(value)?.[1] ?? 0) * 1_000);
  const lag = `${count(replicas, "replica")}, ${duration(Math.max(0, ...lags))} behind at most`;
  if (good !== undefined) return ok(lag);
  if (topology === "sentinel") {
    return note(
      `${lag}; min-replicas-to-write is not set: a master that is cut off from its sentinels goes on taking writes, which are lost when it is back`,
      "redis-cli CONFIG SET min-replicas-to-write 1, and min-replicas-max-lag 10, on master and replicas, and both in redis.conf",
    );
  }
  return ok(`${lag}; a failover may lose writes that were acknowledged, which the servers notice`);
}
