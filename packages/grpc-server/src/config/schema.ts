import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { z } from "zod";
import { formatDuration, parseDuration } from "./duration.ts";
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

const pemFile = z.string().transform((value, context) => {
  if (value === "") return undefined;
  try {
    const pem = readFileSync(value, "utf8");
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
    context.addIssue({ code: "custom", message: "it holds no certificate" });
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
  return z.NEVER;
});

/** Of each variable, from its text to its value. What an empty text means, the table of variables has said before. */
export const schemas = {
  PRESENCE_HOST: host,
  PRESENCE_PORT: port,
  REDIS_URL: redisUrl,
  PRESENCE_REDIS_USERNAME: optional,
  PRESENCE_REDIS_PASSWORD: optional,
  PRESENCE_REDIS_TLS_CA: pemFile,
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
  PRESENCE_AUTH: z.enum(["none"]),
  PRESENCE_ALLOW_INSECURE: boolean,
  PRESENCE_METRICS_PORT: port,
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
} satisfies Record<VariableName, z.ZodType>;

/** The values of all variables. */
export type Values = { readonly [Name in VariableName]: z.infer<(typeof schemas)[Name]> };

/** How a message shows what a variable is set to. */
export function shown(name: VariableName, text: string): string {
  const { secret } = variables[name] as { readonly secret?: true };
  return secret ? "set to something else" : JSON.stringify(text);
}
