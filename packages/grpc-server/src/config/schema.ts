import { isIP } from "node:net";
import { z } from "zod";
import { keyOf, keySetOf } from "../auth/jwt-keys.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { authorities, certificateChain, file, privateKey, writableFile } from "./files.ts";
import { type VariableName, variables } from "./variables.ts";

const day = 86_400_000;

const boolean = z.enum(["true", "false"]).transform((value) => value === "true");
const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.number().max(65_535));
const optional = z.string().transform((value) => (value === "" ? undefined : value));

function duration(leastMs: number, mostMs: number) {
  return z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
    context.addIssue({
      code: "custom",
      message: ms === undefined ? "no duration" : `not from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`,
    });
    return z.NEVER;
  });
}

// Redis takes any key; blanks and control characters in a template are a slip, and a second %s would be taken literally.
const template = z
  .string()
  .regex(/^[\x21-\x7e]{0,200}$/)
  .refine((value) => value.split("%s").length === 2);

const host = z.string().refine((value) => isIP(value) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value));

const redisUrl = z.string().transform((value, context) => {
  if (value === "") return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^rediss?:$/.test(url.protocol) && url.hostname !== "" && /^\/?\d{0,4}$/.test(url.pathname)) return value;
  context.addIssue({ code: "custom", message: "no address of a Redis" });
  return z.NEVER;
});

const httpUrl = z.string().transform((value, context) => {
  if (value === "") return undefined;
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  context.addIssue({ code: "custom", message: "no http address" });
  return z.NEVER;
});

const names = z.string().transform((value) =>
  value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
);

const nodes = z.string().transform((value, context) => {
  if (value === "") return undefined;
  const all = value.split(",").map((node) => node.trim());
  if (all.every((node) => /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/.test(node))) return all;
  context.addIssue({ code: "custom", message: "no list of addresses" });
  return z.NEVER;
});

function count(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
}

/** Of each variable, from its text to its value. What an empty text means, the table of variables has said before. */
export const schemas = {
  PRESENCE_HOST: host,
  PRESENCE_PORT: port,
  REDIS_URL: redisUrl,
  PRESENCE_REDIS_CLUSTER: nodes,
  PRESENCE_REDIS_SENTINELS: nodes,
  PRESENCE_REDIS_MASTER: optional,
  PRESENCE_REDIS_SENTINEL_USERNAME: optional,
  PRESENCE_REDIS_SENTINEL_PASSWORD: optional,
  PRESENCE_REDIS_USERNAME: optional,
  PRESENCE_REDIS_PASSWORD: optional,
  PRESENCE_REDIS_TLS_CA: file(authorities),
  PRESENCE_SESSION_KEY: template,
  PRESENCE_PARTY_KEY: template,
  PRESENCE_KEY_PREFIX: z
    .string()
    .regex(/^[\x21-\x7e]{1,100}$/)
    .refine((value) => !/[{}]/.test(value)),
  PRESENCE_SESSION_TTL: z.enum(["align", "exact", "off"]),
  PRESENCE_SESSION_REQUIRED: boolean,
  // A quarter of the lease is the longest pause between two sweeps, which come every 250 ms.
  PRESENCE_LEASE_TTL: duration(2_000, day),
  PRESENCE_HEARTBEAT: duration(100, day),
  PRESENCE_GRACE: duration(0, day),
  PRESENCE_IDLE_AFTER: duration(1_000, 7 * day),
  PRESENCE_RETENTION: duration(1_000, 366 * day),
  PRESENCE_AUTH: z.enum(["none", "session", "jwt"]),
  PRESENCE_ALLOW_INSECURE: boolean,
  PRESENCE_JWT_KEY: file(keyOf),
  PRESENCE_JWT_JWKS: file(keySetOf),
  PRESENCE_JWT_ISSUER: optional,
  PRESENCE_JWT_AUDIENCE: optional,
  PRESENCE_JWT_TOLERANCE: duration(0, 300_000),
  PRESENCE_TLS_CERT: file(certificateChain),
  PRESENCE_TLS_KEY: file(privateKey),
  PRESENCE_TLS_CLIENT_CA: file(authorities),
  PRESENCE_TLS_SERVICE_SANS: names,
  PRESENCE_MAX_CONNECTIONS: count(1, 1_000_000),
  PRESENCE_MAX_STREAMS: count(1, 100_000),
  PRESENCE_CALLS_PER_SECOND: count(1, 100_000),
  PRESENCE_MAX_MESSAGE_BYTES: count(65_536, 67_108_864),
  PRESENCE_MAX_HEADER_BYTES: count(1_024, 65_536),
  PRESENCE_MAX_CONNECTION_AGE: z.union([z.literal("0s").transform(() => undefined), duration(1_000, 7 * day)]),
  PRESENCE_REFLECTION: z.union([z.literal("").transform(() => undefined), boolean]),
  PRESENCE_METRICS_PORT: z.union([z.literal("off").transform(() => undefined), port]),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl,
  PRESENCE_TRACE_FILE: writableFile,
  PRESENCE_TRACE_MAX_BYTES: count(1_048_576, 999_999_999),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
} satisfies Record<VariableName, z.ZodType>;

/** The values of all variables. */
export type Values = { readonly [Name in VariableName]: z.infer<(typeof schemas)[Name]> };

/** How a message shows what a variable is set to. */
export function shown(name: VariableName, text: string): string {
  const { secret } = variables[name] as { readonly secret?: true };
  return secret ? "set to something else" : JSON.stringify(text);
}
