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
    meaning: "the Redis to work on; unset, and no cluster and no sentinels either: memory of this process, lost at its end",
    secret: true,
  },
  PRESENCE_REDIS_CLUSTER: {
    default: "",
    allowed: "`host:port` of some nodes, separated by commas",
    meaning: "a Redis Cluster to work on, in the place of `REDIS_URL`",
  },
  PRESENCE_REDIS_SENTINELS: {
    default: "",
    allowed: "`host:port` of the sentinels, separated by commas",
    meaning: "sentinels that name the Redis to work on, in the place of `REDIS_URL`",
  },
  PRESENCE_REDIS_MASTER: { default: "", allowed: "a name", meaning: "what the sentinels call the master" },
  PRESENCE_REDIS_SENTINEL_USERNAME: { default: "", allowed: "a user name", meaning: "user of the sentinels, where they ask for one" },
  PRESENCE_REDIS_SENTINEL_PASSWORD: {
    default: "",
    allowed: "a password",
    meaning: "password of the sentinels, where they ask for one",
    secret: true,
  },
  PRESENCE_REDIS_USERNAME: { default: "", allowed: "a user name", meaning: "Redis user, before the one in `REDIS_URL`" },
  PRESENCE_REDIS_PASSWORD: { default: "", allowed: "a password", meaning: "Redis password, before the one in `REDIS_URL`", secret: true },
  PRESENCE_REDIS_TLS_CA: {
    default: "",
    allowed: "a readable PEM file",
    meaning: "certificate authority that signed Redis' certificate; needs `rediss://`, and switches TLS on for a cluster and for sentinels",
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
  PRESENCE_AUTH: {
    default: "none",
    allowed: "`none`, `session` or `jwt`",
    meaning:
      "how callers are known; `none`: every caller may do everything; `session`: `presence-user` and the `sessionId` of his session hash; `jwt`: a signed token",
  },
  PRESENCE_ALLOW_INSECURE: {
    default: "false",
    allowed: "`true` or `false`",
    meaning: "allow `PRESENCE_AUTH=none` on an address that others can reach",
  },
  PRESENCE_JWT_KEY: {
    default: "",
    allowed: "a readable file with a public key in PEM (RSA, P-256 or Ed25519), or with a secret of 32 bytes or more for HS256",
    meaning: "what tokens are verified with: a public key in PEM, or a secret for HS256; the algorithm follows from the key",
  },
  PRESENCE_JWT_JWKS: { default: "", allowed: "a readable JWKS file of public keys", meaning: "the same as a set of public keys" },
  PRESENCE_JWT_ISSUER: { default: "", allowed: "text", meaning: "what `iss` of a token must be; unset: anything" },
  PRESENCE_JWT_AUDIENCE: { default: "", allowed: "text", meaning: "what `aud` of a token must hold; unset: anything" },
  PRESENCE_JWT_TOLERANCE: {
    default: "30s",
    allowed: `${duration}, from 0s to 5m`,
    meaning: "how far the clock of who signs tokens may be apart",
  },
  PRESENCE_TLS_CERT: { default: "", allowed: "a readable PEM file", meaning: "certificate of this server, with those up to its authority" },
  PRESENCE_TLS_KEY: { default: "", allowed: "a readable PEM file with a private key", meaning: "its private key; unset: no TLS" },
  PRESENCE_TLS_CLIENT_CA: {
    default: "",
    allowed: "a readable PEM file",
    meaning: "who signs clients' certificates. With `PRESENCE_AUTH=none` every client needs one, else those that send no token",
  },
  PRESENCE_TLS_SERVICE_SANS: {
    default: "",
    allowed: "DNS or URI names, separated by commas",
    meaning: "a client whose certificate has one of these alternative names has the role `service`",
  },
  PRESENCE_MAX_CONNECTIONS: { default: "10000", allowed: "a number from 1 to 1000000", meaning: "more connections are refused" },
  PRESENCE_MAX_STREAMS: {
    default: "1000",
    allowed: "a number from 1 to 100000",
    meaning: "calls and streams that may be open at once on one connection",
  },
  PRESENCE_CALLS_PER_SECOND: {
    default: "100",
    allowed: "a number from 1 to 100000",
    meaning: "calls of one user, and requests on his `Attach` streams; twice as many at once. Roles `service` and `admin` are not limited",
  },
  PRESENCE_MAX_MESSAGE_BYTES: {
    default: "1048576",
    allowed: "a number from 65536 to 67108864",
    meaning: "largest request; 1,000 heartbeats with the longest ids have some 300,000",
  },
  PRESENCE_MAX_HEADER_BYTES: { default: "8192", allowed: "a number from 1024 to 65536", meaning: "largest metadata of a call" },
  PRESENCE_MAX_CONNECTION_AGE: {
    default: "1h",
    allowed: `${duration}, from 1s to 7d, or 0s for no end`,
    meaning: "after about so long a connection is to be opened anew, so that load moves to new servers; nobody is shown OFFLINE by it",
  },
  PRESENCE_REFLECTION: {
    default: "",
    allowed: "`true` or `false`",
    meaning: "offer `grpc.reflection`; unset: only with `PRESENCE_AUTH=none`",
  },
  PRESENCE_METRICS_PORT: {
    default: "9464",
    allowed: "a port from 0 to 65535, where 0 takes a free one, or `off`",
    meaning: "port for `/metrics`, `/healthz` and `/readyz`, on `PRESENCE_HOST`; `off`: none. Unset and taken: a warning, and none",
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    default: "",
    allowed: "`http://host:port` or `https://…` of a receiver of OTLP over HTTP",
    meaning: "where traces are sent, by OTLP over HTTP; unset: none are made",
  },
  PRESENCE_TRACE_FILE: {
    default: "",
    allowed: "a file in a directory that this server may write to",
    meaning:
      "where every change of presence is recorded, for `presence explain --at`: names of users and devices, no texts; one file a server; unset: nothing is recorded",
  },
  PRESENCE_TRACE_MAX_BYTES: {
    default: "268435456",
    allowed: "a number from 1048576 to 999999999",
    meaning: "a trace of this size becomes `<file>.1`, in the place of the one before, and a new one begins",
  },
  LOG_LEVEL: {
    default: "info",
    allowed: "`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`",
    meaning: "what is logged, as JSON lines; names and messages of users from `debug` on",
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof variables;

/** What the command-line client reads; often set in the same shell. */
export const ofTheClient: readonly string[] = [
  "PRESENCE_SERVER",
  "PRESENCE_USER",
  "PRESENCE_TOKEN",
  "PRESENCE_TLS_CA",
  "PRESENCE_TLS_CLIENT_CERT",
  "PRESENCE_TLS_CLIENT_KEY",
];

/** The documentation's table of variables, in Markdown. */
export function variablesTable(): string {
  const rows = Object.entries<Variable>(variables).map(
    ([name, { default: value, meaning }]) => `| \`${name}\` | ${value === "" ? "" : `\`${value}\``} | ${meaning} |`,
  );
  return ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
}
