import type { PresencePolicy } from "@presence/domain";
import type { RedisAddress } from "@presence/redis-adapter";
import type { JwtSettings } from "./auth/jwt-authenticator.ts";
import { crossChecks } from "./config/cross-checks.ts";
import { type Environment, isSet, readVariables } from "./config/read-variables.ts";
import type { Values } from "./config/schema.ts";
import { strangers } from "./config/strangers.ts";
import type { Limits } from "./limits/limits.ts";
import type { TlsConfig } from "./tls-credentials.ts";
import type { TraceConfig } from "./trace/trace.ts";

/** How to reach Redis, and what its keys are called. */
export type RedisConfig = RedisAddress & RedisSettings;

interface RedisSettings {
  /** Goes before the one in the URL. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** PEM. */
  readonly tlsCa: string | undefined;
  /** Templates; `%s` is the id. */
  readonly sessionKey: string;
  readonly partyKey: string;
  readonly keyPrefix: string;
}

/** The port for metrics and probes. */
export interface MetricsConfig {
  /** 0: any free one. */
  readonly port: number;
  /** Somebody asked for this port: where it is taken, the start fails. */
  readonly required: boolean;
}

/** How callers are known. */
export type AuthConfig = { readonly kind: "none" } | { readonly kind: "session" } | ({ readonly kind: "jwt" } & JwtSettings);

/** All that is set from outside, read and checked. */
export interface Config {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly policy: PresencePolicy;
  /** What a sign of life does to the TTL of a session. */
  readonly sessionTtl: Values["PRESENCE_SESSION_TTL"];
  /** Undefined: the memory of this process. */
  readonly redis: RedisConfig | undefined;
  /** Where metrics and probes are answered; undefined: nowhere. */
  readonly metrics: MetricsConfig | undefined;
  /** Where traces are sent, by OTLP over HTTP; undefined: none are made. */
  readonly traces: string | undefined;
  /** Where changes of presence are recorded; undefined: nowhere. */
  readonly trace: TraceConfig | undefined;
  readonly auth: AuthConfig;
  /** Undefined: in the clear. */
  readonly tls: TlsConfig | undefined;
  readonly limits: Limits;
  /** Whether clients may ask for the contract. */
  readonly reflection: boolean;
  readonly logLevel: Values["LOG_LEVEL"];
}

/** Everything that is wrong with the environment, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Reads the settings from environment variables.
 * @throws ConfigError with all problems at once
 */
export function readConfig(environment: Environment): Config {
  const { values, problems } = readVariables(environment);
  const all = [...problems, ...crossChecks(values), ...strangers(environment)];
  if (all.length > 0) throw new ConfigError(all);
  return toConfig(values as Values, isSet(environment, "PRESENCE_METRICS_PORT"));
}

function toConfig(values: Values, metricsRequired: boolean): Config {
  const { PRESENCE_METRICS_PORT: metricsPort } = values;
  return {
    host: values.PRESENCE_HOST,
    port: values.PRESENCE_PORT,
    policy: {
      leaseTtlMs: values.PRESENCE_LEASE_TTL,
      heartbeatIntervalMs: values.PRESENCE_HEARTBEAT,
      graceMs: values.PRESENCE_GRACE,
      idleAfterMs: values.PRESENCE_IDLE_AFTER,
      retentionMs: values.PRESENCE_RETENTION,
      sessionRequired: values.PRESENCE_SESSION_REQUIRED,
    },
    sessionTtl: values.PRESENCE_SESSION_TTL,
    redis: toRedisConfig(values),
    metrics: metricsPort === undefined ? undefined : { port: metricsPort, required: metricsRequired },
    traces: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    trace: toTraceConfig(values),
    auth: toAuthConfig(values),
    tls: toTlsConfig(values),
    limits: {
      connections: values.PRESENCE_MAX_CONNECTIONS,
      streamsPerConnection: values.PRESENCE_MAX_STREAMS,
      callsPerSecond: values.PRESENCE_CALLS_PER_SECOND,
      messageBytes: values.PRESENCE_MAX_MESSAGE_BYTES,
      headerBytes: values.PRESENCE_MAX_HEADER_BYTES,
      connectionAgeMs: values.PRESENCE_MAX_CONNECTION_AGE,
    },
    reflection: values.PRESENCE_REFLECTION ?? values.PRESENCE_AUTH === "none",
    logLevel: values.LOG_LEVEL,
  };
}

function toTraceConfig({ PRESENCE_TRACE_FILE: path, PRESENCE_TRACE_MAX_BYTES: maxBytes }: Values): TraceConfig | undefined {
  return path === undefined ? undefined : { path, maxBytes };
}

function toAuthConfig(values: Values): AuthConfig {
  const { PRESENCE_AUTH: kind } = values;
  const keys = values.PRESENCE_JWT_KEY ?? values.PRESENCE_JWT_JWKS;
  if (kind !== "jwt") return { kind };
  // Checked before; it must not become a server that lets everyone in.
  if (keys === undefined) throw new ConfigError(['PRESENCE_AUTH is "jwt", and there is no key']);
  const { PRESENCE_JWT_ISSUER: issuer, PRESENCE_JWT_AUDIENCE: audience, PRESENCE_JWT_TOLERANCE: toleranceMs } = values;
  return { kind, keys, issuer, audience, toleranceMs };
}

function toTlsConfig(values: Values): TlsConfig | undefined {
  const { PRESENCE_TLS_CERT: certificate, PRESENCE_TLS_KEY: key } = values;
  if (certificate === undefined || key === undefined) return undefined;
  return { certificate, key, clientCa: values.PRESENCE_TLS_CLIENT_CA, serviceNames: values.PRESENCE_TLS_SERVICE_SANS };
}

function toRedisAddress(values: Values): RedisAddress | undefined {
  const { REDIS_URL: url, PRESENCE_REDIS_CLUSTER: cluster, PRESENCE_REDIS_SENTINELS: sentinels, PRESENCE_REDIS_MASTER: master } = values;
  if (url !== undefined) return { url };
  if (cluster !== undefined) return { cluster };
  if (sentinels === undefined || master === undefined) return undefined;
  const { PRESENCE_REDIS_SENTINEL_USERNAME: sentinelUsername, PRESENCE_REDIS_SENTINEL_PASSWORD: sentinelPassword } = values;
  return { sentinels, master, sentinelUsername, sentinelPassword };
}

function toRedisConfig(values: Values): RedisConfig | undefined {
  const address = toRedisAddress(values);
  if (address === undefined) return undefined;
  return {
    ...address,
    username: values.PRESENCE_REDIS_USERNAME,
    password: values.PRESENCE_REDIS_PASSWORD,
    tlsCa: values.PRESENCE_REDIS_TLS_CA,
    sessionKey: values.PRESENCE_SESSION_KEY,
    partyKey: values.PRESENCE_PARTY_KEY,
    keyPrefix: values.PRESENCE_KEY_PREFIX,
  };
}
