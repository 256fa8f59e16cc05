import { PresenceError } from "@presence/domain";

const retryAfterMs = 500;

/** What a server says that will pass by itself. */
const passing = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|UNBLOCKED|ERR max number of clients reached)\b/;
const refusing = /^(NOAUTH|WRONGPASS|NOPERM|ERR invalid password)\b/;
/** What a server answers to a command that we should not have sent. */
const faulty = /^(ERR|NOSCRIPT|EXECABORT|MOVED|ASK|CROSSSLOT)\b/;

/**
 * The one place where errors of ioredis and Redis become ours.
 * @param keyKind what kind of key the command was about
 */
export function fromRedis(error: unknown, keyKind = "a key"): PresenceError {
  if (error instanceof PresenceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith("OOM")) {
    return PresenceError.unavailable("Redis is out of memory and takes no writes; raise its maxmemory", retryAfterMs, error);
  }
  if (message.startsWith("WRONGTYPE")) {
    return new PresenceError("INTERNAL", `the key of ${keyKind} holds another type; who writes it?`, { cause: error });
  }
  if (refusing.test(message)) {
    return PresenceError.unavailable("Redis refuses this server; check its user, password and permissions", retryAfterMs, error);
  }
  if (passing.test(message))
    return PresenceError.unavailable("Redis cannot answer now; this passes as soon as it can", retryAfterMs, error);
  if (faulty.test(message)) return new PresenceError("INTERNAL", "Redis refused a command", { cause: error });
  // Whatever else goes wrong on the way lies between Redis and us: refused, reset, timed out, closed.
  return PresenceError.unavailable("Redis does not answer; this passes as soon as it does", retryAfterMs, error);
}
