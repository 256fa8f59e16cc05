import type { PresencePolicy } from "@presence/domain";
import { crossChecks } from "./config/cross-checks.ts";
import { type Environment, readVariables } from "./config/read-variables.ts";
import type { Values } from "./config/schema.ts";
import { strangers } from "./config/strangers.ts";

/** How to reach Redis, and what its keys are called. */
export interface RedisConfig {
  readonly url: string;
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
  return toConfig(values as Values);
}

function toConfig(values: Values): Config {
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
    redis: values.REDIS_URL === undefined ? undefined : toRedisConfig(values, values.REDIS_URL),
    logLevel: values.LOG_LEVEL,
  };
}

function toRedisConfig(values: Values, url: string): RedisConfig {
  return {
    url,
    username: values.PRESENCE_REDIS_USERNAME,
    password: values.PRESENCE_REDIS_PASSWORD,
    tlsCa: values.PRESENCE_REDIS_TLS_CA,
    sessionKey: values.PRESENCE_SESSION_KEY,
    partyKey: values.PRESENCE_PARTY_KEY,
    keyPrefix: values.PRESENCE_KEY_PREFIX,
  };
}
