import { PresenceError } from "@presence/domain";

const retryAfterMs = 500;

/** What a server says that will pass by itself. */
const passing = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|UNBLOCKED)\b/;

/** The one place where errors of ioredis and Redis become ours. */
export function fromRedis(error: unknown): PresenceError {
  if (error instanceof PresenceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith("OOM")) {
    return PresenceError.unavailable("Redis is out of memory and takes no writes; raise its maxmemory", retryAfterMs, error);
  }
  if (message.startsWith("WRONGTYPE")) {
    return new PresenceError("INTERNAL", "a key has another type than the contract says: a session must be a hash, a party a set", { cause: error });
  }
  if (/^(NOAUTH|WRONGPASS|NOPERM)/.test(message)) {
    return PresenceError.unavailable("Redis refuses this server; check its user, password and permissions", retryAfterMs, error);
  }
  if (/^(ERR|NOSCRIPT|EXECABORT|MOVED|ASK|CROSSSLOT)\b/.test(message)) return new PresenceError("INTERNAL", "Redis refused a command", { cause: error });
  // Whatever else goes wrong on the way lies between Redis and us: refused, reset, timed out, closed.
  const why = passing.test(message) ? "Redis cannot answer now" : "Redis does not answer";
  return PresenceError.unavailable(`${why}; this passes as soon as it does`, retryAfterMs, error);
}
