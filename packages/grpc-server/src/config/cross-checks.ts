import { isIPv4 } from "node:net";
import { formatDuration } from "./duration.ts";
import type { Values } from "./schema.ts";

/** Problems of variables that do not fit together. A variable that could not be read is undefined, and no part of any. */
export function crossChecks(values: Partial<Values>): string[] {
  return [...leases(values), ...callers(values), ...redis(values)];
}

function* leases({ PRESENCE_LEASE_TTL: lease, PRESENCE_HEARTBEAT: heartbeat, PRESENCE_GRACE: grace }: Partial<Values>): Generator<string> {
  if (lease === undefined) return;
  if (heartbeat !== undefined && lease < 3 * heartbeat) {
    yield `PRESENCE_LEASE_TTL is ${formatDuration(lease)} and PRESENCE_HEARTBEAT is ${formatDuration(heartbeat)}; the lease must be at least three heartbeats (${formatDuration(3 * heartbeat)}), or one lost heartbeat shows as OFFLINE`;
  }
  if (grace !== undefined && grace > lease) {
    yield `PRESENCE_GRACE is ${formatDuration(grace)} and PRESENCE_LEASE_TTL is ${formatDuration(lease)}; the grace must be at most the lease, or a broken stream outlives a silent one`;
  }
}

function* callers({ PRESENCE_HOST: host, PRESENCE_AUTH: auth, PRESENCE_ALLOW_INSECURE: allowed }: Partial<Values>): Generator<string> {
  if (host === undefined || auth !== "none" || allowed !== false || isLoopback(host)) return;
  yield `PRESENCE_HOST is ${JSON.stringify(host)}, which others can reach, PRESENCE_AUTH is "none" and PRESENCE_ALLOW_INSECURE is "false"; listen on a loopback address such as 127.0.0.1, or set PRESENCE_ALLOW_INSECURE=true where a network keeps strangers out`;
}

function* redis(values: Partial<Values>): Generator<string> {
  // Unreadable is not unset.
  if (!("REDIS_URL" in values)) return;
  const { REDIS_URL: url, PRESENCE_REDIS_TLS_CA: ca } = values;
  if (url === undefined) {
    for (const name of ["PRESENCE_REDIS_USERNAME", "PRESENCE_REDIS_PASSWORD", "PRESENCE_REDIS_TLS_CA"] as const) {
      if (values[name] !== undefined) yield `${name} is set, but REDIS_URL is not; set both or none`;
    }
    if (values.PRESENCE_SESSION_REQUIRED === true) {
      yield `PRESENCE_SESSION_REQUIRED is "true", but REDIS_URL is not set: the memory of this process has no sessions, so every user would be refused`;
    }
    return;
  }
  if (ca !== undefined && !url.startsWith("rediss:"))
    yield "PRESENCE_REDIS_TLS_CA is set, but REDIS_URL does not ask for TLS; it must begin with rediss://";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
