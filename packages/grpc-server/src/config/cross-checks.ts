import { isIPv4 } from "node:net";
import { formatDuration } from "./duration.ts";
import { belongTogether } from "./files.ts";
import { hasRedis, redisChecks } from "./redis-checks.ts";
import type { Values } from "./schema.ts";

/** Problems of variables that do not fit together. A variable that could not be read is undefined, and no part of any. */
export function crossChecks(values: Partial<Values>): string[] {
  return [...ports(values), ...leases(values), ...callers(values), ...tokens(values), ...tls(values), ...redisChecks(values)];
}

function* ports({ PRESENCE_PORT: port, PRESENCE_METRICS_PORT: metrics }: Partial<Values>): Generator<string> {
  if (port === undefined || port === 0 || port !== metrics) return;
  yield `PRESENCE_PORT and PRESENCE_METRICS_PORT are both ${port}; set one of them to another port`;
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

const ofTokens = ["PRESENCE_JWT_KEY", "PRESENCE_JWT_JWKS", "PRESENCE_JWT_ISSUER", "PRESENCE_JWT_AUDIENCE"] as const;

function* tokens(values: Partial<Values>): Generator<string> {
  const { PRESENCE_AUTH: auth } = values;
  if (auth === "session" && hasRedis(values) === false) {
    yield `PRESENCE_AUTH is "session", but REDIS_URL is not set: the memory of this process has no sessions, so every caller would be refused`;
  }
  if (auth === "jwt") {
    const unread = !("PRESENCE_JWT_KEY" in values) || !("PRESENCE_JWT_JWKS" in values);
    const given = [values.PRESENCE_JWT_KEY, values.PRESENCE_JWT_JWKS].filter((keys) => keys !== undefined).length;
    if (!unread && given !== 1)
      yield `PRESENCE_AUTH is "jwt"; set one of PRESENCE_JWT_KEY and PRESENCE_JWT_JWKS, and not ${given === 0 ? "none" : "both"}`;
  } else if (auth !== undefined) {
    for (const name of ofTokens)
      if (values[name] !== undefined) yield `${name} is set, but PRESENCE_AUTH is "${auth}"; it belongs to "jwt"`;
  }
}

function* tls(values: Partial<Values>): Generator<string> {
  const {
    PRESENCE_TLS_CERT: certificate,
    PRESENCE_TLS_KEY: key,
    PRESENCE_TLS_CLIENT_CA: clientCa,
    PRESENCE_TLS_SERVICE_SANS: sans,
  } = values;
  if (!("PRESENCE_TLS_CERT" in values && "PRESENCE_TLS_KEY" in values)) return;
  if (certificate === undefined && key !== undefined) yield "PRESENCE_TLS_KEY is set, but PRESENCE_TLS_CERT is not; set both or none";
  if (key === undefined && certificate !== undefined) yield "PRESENCE_TLS_CERT is set, but PRESENCE_TLS_KEY is not; set both or none";
  if (certificate !== undefined && key !== undefined && !belongTogether(certificate, key)) {
    yield "PRESENCE_TLS_KEY does not hold the key of the certificate in PRESENCE_TLS_CERT";
  }
  if (clientCa !== undefined && certificate === undefined) {
    yield "PRESENCE_TLS_CLIENT_CA is set, but PRESENCE_TLS_CERT is not; clients have certificates only where the server has one";
  }
  if (sans !== undefined && sans.length > 0 && "PRESENCE_TLS_CLIENT_CA" in values && clientCa === undefined) {
    yield "PRESENCE_TLS_SERVICE_SANS is set, but PRESENCE_TLS_CLIENT_CA is not; without it no client has a certificate";
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
