/** How the value of a variable is shown in messages: never, where it may hold a password. */
export interface Variable {
  /** As it is written when nothing is set; empty: unset. */
  readonly default: string;
  /** What is allowed, in words. */
  readonly allowed: string;
  readonly meaning: string;
  readonly secret?: true;
}

const duration = "a duration such as `900ms`, `30s`, `5m`, `2h` or `7d`";

/** Every variable that this version reads, in the order of the documentation. The README's table is made of these lines. */
export const variables = {
  PRESENCE_HOST: { default: "127.0.0.1", allowed: "an address or host name", meaning: "address to listen on" },
  PRESENCE_PORT: { default: "50051", allowed: "a port from 0 to 65535; 0 takes a free one", meaning: "port to listen on" },
  REDIS_URL: {
    default: "",
    allowed: "`redis://host:port/db` or `rediss://…` for TLS",
    meaning: "the Redis to work on; unset: memory of this process, lost at its end",
    secret: true,
  },
  PRESENCE_REDIS_USERNAME: { default: "", allowed: "a user name", meaning: "Redis user, before the one in `REDIS_URL`" },
  PRESENCE_REDIS_PASSWORD: { default: "", allowed: "a password", meaning: "Redis password, before the one in `REDIS_URL`", secret: true },
  PRESENCE_REDIS_TLS_CA: {
    default: "",
    allowed: "a readable PEM file",
    meaning: "certificate authority that signed Redis' certificate; needs `rediss://`",
  },
  PRESENCE_SESSION_KEY: {
    default: "session:%s",
    allowed: "a key with one `%s` for the user id",
    meaning: "where the auth service keeps the session hash of a user",
  },
  PRESENCE_PARTY_KEY: {
    default: "party:%s:members",
    allowed: "a key with one `%s` for the party id",
    meaning: "where the party service keeps the members of a party",
  },
  PRESENCE_KEY_PREFIX: {
    default: "presence:",
    allowed: "text without blanks and braces",
    meaning: "what every key of presence itself begins with",
  },
  PRESENCE_SESSION_TTL: {
    default: "align",
    allowed: "`align`, `exact` or `off`",
    meaning: "what a sign of life does to the session's TTL: at least the lease, exactly the lease, or nothing",
  },
  PRESENCE_SESSION_REQUIRED: { default: "false", allowed: "`true` or `false`", meaning: "refuse users without a session hash" },
  PRESENCE_LEASE_TTL: {
    default: "120s",
    allowed: `${duration}, from 2s to 24h`,
    meaning: "a silent device is gone after this; at least three heartbeats",
  },
  PRESENCE_HEARTBEAT: {
    default: "30s",
    allowed: `${duration}, from 100ms to 24h`,
    meaning: "how often apps are told to give a sign of life",
  },
  PRESENCE_GRACE: {
    default: "20s",
    allowed: `${duration}, from 0s to 24h`,
    meaning: "how long a broken stream may take to come back unseen; at most the lease",
  },
  PRESENCE_IDLE_AFTER: {
    default: "5m",
    allowed: `${duration}, from 1s to 7d`,
    meaning: "a device that reports idleness is AWAY after this",
  },
  PRESENCE_RETENTION: {
    default: "7d",
    allowed: `${duration}, from 1s to 366d`,
    meaning: "how long a user is remembered after he was last seen",
  },
  PRESENCE_AUTH: { default: "none", allowed: "`none`", meaning: "how callers are known; `none`: every caller may do everything" },
  PRESENCE_ALLOW_INSECURE: {
    default: "false",
    allowed: "`true` or `false`",
    meaning: "allow `PRESENCE_AUTH=none` on an address that others can reach",
  },
  PRESENCE_METRICS_PORT: { default: "9464", allowed: "a port from 0 to 65535", meaning: "accepted; this version has no metrics yet" },
  LOG_LEVEL: {
    default: "info",
    allowed: "`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`",
    meaning: "what is logged, as JSON lines; names and messages of users from `debug` on",
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;

/** Variables of the design that this version cannot serve: silence would be taken for consent. */
export const unsupported: readonly string[] = [
  "PRESENCE_REDIS_CLUSTER",
  "PRESENCE_REDIS_SENTINELS",
  "PRESENCE_REDIS_MASTER",
  "PRESENCE_TLS_CERT",
  "PRESENCE_TLS_KEY",
  "PRESENCE_TLS_CLIENT_CA",
];

/** What the command-line client reads; often set in the same shell. */
export const ofTheClient: readonly string[] = ["PRESENCE_SERVER", "PRESENCE_USER", "PRESENCE_TOKEN", "PRESENCE_TLS_CA"];

/** The documentation's table of variables, in Markdown. */
export function variablesTable(): string {
  const rows = Object.entries<Variable>(variables).map(
    ([name, { default: value, meaning }]) => `| \`${name}\` | ${value === "" ? "" : `\`${value}\``} | ${meaning} |`,
  );
  return ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
}
