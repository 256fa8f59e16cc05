import { note, ok, problem, type Verdict } from "./finding.ts";
import { count, megabytes, percent } from "./quantity.ts";

type Info = ReadonlyMap<string, string>;

const fullShare = 0.95;
const nearlyFullShare = 0.8;

/** Whether Redis may throw away what presence needs. */
export function checkEviction(info: Info): Verdict {
  const policy = info.get("maxmemory_policy");
  if (policy === undefined) return note("Redis does not tell its eviction policy", "make sure that maxmemory-policy is noeviction");
  const evicted = Number(info.get("evicted_keys") ?? 0);
  const past = evicted === 0 ? "" : `; ${count(evicted, "key")} went that way since its start`;
  if (policy === "noeviction") return evicted === 0 ? ok("noeviction") : note(`noeviction${past}, under another policy`);
  const victims = policy.startsWith("volatile-")
    ? "sessions and records, which all have a TTL: a user is logged out, and his choice is forgotten"
    : "sessions, records, the due index and the clock: users are logged out, or are never OFFLINE in a push";
  const when = Number(info.get("maxmemory") ?? 0) === 0 ? "As soon as maxmemory is set, Redis" : "With its memory full, Redis";
  return problem(
    `maxmemory-policy is ${policy}. ${when} throws away ${victims}${past}`,
    "redis-cli CONFIG SET maxmemory-policy noeviction, and maxmemory-policy noeviction in redis.conf; caches belong into a Redis of their own",
  );
}

/** How far it is to the point where writes fail. */
export function checkMemory(info: Info): Verdict {
  const used = Number(info.get("used_memory") ?? 0);
  const limit = Number(info.get("maxmemory") ?? 0);
  const system = Number(info.get("total_system_memory") ?? 0);
  const full = limit > 0 ? limit : system;
  if (used === 0 || full === 0) return note("Redis does not tell how much memory it has", "watch used_memory by other means");
  const share = used / full;
  const found = `${megabytes(used)} of ${megabytes(full)} are used (${percent(share)}; ${limit > 0 ? "maxmemory" : "the machine's memory, no maxmemory is set"})`;
  const advice =
    limit > 0
      ? "redis-cli CONFIG SET maxmemory <more>, or find who fills it: redis-cli --bigkeys"
      : "give the machine more memory, or find who fills it: redis-cli --bigkeys";
  if (share >= fullShare) return problem(`${found}: writes are refused when it is full`, advice);
  return share >= nearlyFullShare ? note(found, advice) : ok(found);
}
