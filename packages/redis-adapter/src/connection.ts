import { Redis, type RedisOptions } from "ioredis";

/** How to reach one Redis. */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://`, with host, port, database, and perhaps user and password. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that signed the server's certificate. */
  readonly tlsCa?: string | undefined;
  /** A command that takes longer has failed; default 500 ms. */
  readonly commandTimeoutMs?: number | undefined;
}

/** What an adapter has to say. Nothing in it is user data. */
export interface AdapterLog {
  info(message: string): void;
  warn(message: string, error?: unknown): void;
}

const connectTimeoutMs = 2_000;
const firstRetryMs = 50;
const lastRetryMs = 1_000;

/**
 * A connection that fails fast and comes back by itself: no queue while it is away, no command sent twice, and a new
 * attempt at least every second.
 */
export function connectRedis(options: RedisConnectionOptions, purpose: string, log: AdapterLog): Redis {
  const { url, username, password, tlsCa, commandTimeoutMs = 500 } = options;
  const settings: RedisOptions = {
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    enableOfflineQueue: false,
    autoResubscribe: false,
    // A command whose connection broke may have been carried out: whoever sent it decides whether to send it again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(firstRetryMs * 2 ** (attempt - 1), lastRetryMs) * (0.75 + Math.random() / 4),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tlsCa !== undefined && { tls: { ca: tlsCa } }),
  };
  const client = new Redis(url, settings);
  let away = false;
  client.on("error", (error: unknown) => {
    // One line an outage, not one an attempt.
    if (!away) log.warn(`no connection to Redis for ${purpose}; trying again until there is one`, error);
    away = true;
  });
  client.on("ready", () => {
    if (away) log.info(`connected to Redis again for ${purpose}`);
    away = false;
  });
  return client;
}
