import { Redis, type RedisOptions } from "ioredis";

/** How every connection to Redis is made, wherever it leads. */
export interface ConnectionSettings {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that signed the server's certificate. Away from a `rediss://` URL it is what switches TLS on. */
  readonly tlsCa?: string | undefined;
  /** A command that takes longer has failed; default 500 ms. */
  readonly commandTimeoutMs?: number | undefined;
}

/** One Redis. */
export interface StandaloneAddress {
  /** `redis://` or `rediss://`, with host, port, database, and perhaps user and password. */
  readonly url: string;
}

/** A master that sentinels name, whichever it is. */
export interface SentinelAddress {
  /** `host:port` of the sentinels. */
  readonly sentinels: readonly string[];
  /** What they call the master. */
  readonly master: string;
  /** Of the sentinels themselves, where they ask for them. */
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
}

/** What an adapter has to say. Nothing in it is user data. */
export interface AdapterLog {
  info(message: string): void;
  warn(message: string, error?: unknown): void;
}

const connectTimeoutMs = 2_000;
const firstRetryMs = 50;
const lastRetryMs = 1_000;

/** When to try again, in milliseconds: soon at first, and at least every second. */
export function retryDelayMs(attempt: number): number {
  return Math.min(firstRetryMs * 2 ** (attempt - 1), lastRetryMs) * (0.75 + Math.random() / 4);
}

/** Fails fast and comes back by itself: no queue while it is away, and no command sent twice. */
export function connectionSettings({ username, password, tlsCa, commandTimeoutMs = 500 }: ConnectionSettings): RedisOptions {
  return {
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    enableOfflineQueue: false,
    autoResubscribe: false,
    // A command whose connection broke may have been carried out: whoever sent it decides whether to send it again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    retryStrategy: retryDelayMs,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tlsCa !== undefined && { tls: { ca: tlsCa } }),
  };
}

/** A connection to one Redis, or to whichever the sentinels name as master. */
export function connectRedis(options: ConnectionSettings & (StandaloneAddress | SentinelAddress), purpose: string, log: AdapterLog): Redis {
  const settings = connectionSettings(options);
  const client = "url" in options ? new Redis(options.url, settings) : new Redis({ ...settings, ...sentinelSettings(options) });
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
  if ("sentinels" in options) keepAlive(client);
  return client;
}

/**
 * A failover that is announced while ioredis asks a sentinel for the master cuts that attempt off, and it takes its connection for ended by
 * us: it would never come back.
 */
function keepAlive(client: Redis): void {
  const disconnect = client.disconnect.bind(client);
  let closed = false;
  client.disconnect = (reconnect = false) => {
    closed ||= !reconnect;
    disconnect(reconnect);
  };
  client.on("end", () => {
    if (closed) return;
    // What fails here is told by an event, and ends again.
    setTimeout(() => !closed && client.connect().catch(() => {}), firstRetryMs);
  });
}

function sentinelSettings(options: ConnectionSettings & SentinelAddress): RedisOptions {
  const { sentinels, master, sentinelUsername, sentinelPassword, tlsCa } = options;
  return {
    sentinels: sentinels.map((address) => ({ host: hostOf(address), port: portOf(address) })),
    name: master,
    sentinelRetryStrategy: retryDelayMs,
    // Told of a failover, a connection to the old master is closed at once, not when that master is found gone.
    failoverDetector: true,
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tlsCa !== undefined && { sentinelTLS: { ca: tlsCa }, enableTLSForSentinelMode: true }),
  };
}

/** The host of `host:port`, an IPv6 address without its brackets. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
