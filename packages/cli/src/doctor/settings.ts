import type { ExamineRedisOptions } from "@presence/redis-adapter/doctor";
import { durationExamples, parseDuration } from "../duration.ts";
import { Failure } from "../failure.ts";
import { type Io, setting } from "../io.ts";
import { pemFile } from "../pem-file.ts";

const ttlPolicies = ["align", "exact", "off"] as const;

const addresses = ["REDIS_URL", "PRESENCE_REDIS_CLUSTER", "PRESENCE_REDIS_SENTINELS"] as const;

type Address = Pick<Extract<ExamineRedisOptions, { readonly url: string }>, "url"> | ClusterAt | SentinelsAt;
type ClusterAt = Pick<Extract<ExamineRedisOptions, { readonly cluster: unknown }>, "cluster">;
type SentinelsAt = Pick<
  Extract<ExamineRedisOptions, { readonly sentinels: unknown }>,
  "sentinels" | "master" | "sentinelUsername" | "sentinelPassword"
>;

/**
 * The Redis to look at and what its servers expect there, from the option and the servers' own variables; undefined where
 * nothing names a Redis. What cannot be used is wrong usage.
 */
export async function redisSettings(io: Io, option: string | undefined): Promise<ExamineRedisOptions | undefined> {
  const address = option === undefined ? addressFrom(io) : { url: redisUrl(option, "--redis") };
  if (address === undefined) return undefined;
  return {
    ...address,
    username: setting(io, "PRESENCE_REDIS_USERNAME"),
    password: setting(io, "PRESENCE_REDIS_PASSWORD"),
    tlsCa: await pemFile(io, "PRESENCE_REDIS_TLS_CA", "the certificate of the authority of Redis"),
    ...optional("sessionKey", template(setting(io, "PRESENCE_SESSION_KEY"))),
    ...optional("keyPrefix", prefix(setting(io, "PRESENCE_KEY_PREFIX"))),
    leaseTtlMs: lease(setting(io, "PRESENCE_LEASE_TTL")),
    sessionTtl: ttlPolicy(setting(io, "PRESENCE_SESSION_TTL")),
  };
}

/** As the servers read it: one variable of three. */
function addressFrom(io: Io): Address | undefined {
  const given = addresses.filter((name) => setting(io, name) !== undefined);
  if (given.length > 1) throw Failure.usage(`${given.join(" and ")} are set`, "set one of them, or name a Redis with --redis");
  const [url, cluster, sentinels] = addresses.map((name) => setting(io, name));
  if (url !== undefined) return { url: redisUrl(url, "REDIS_URL") };
  if (cluster !== undefined) return { cluster: nodes(cluster, "PRESENCE_REDIS_CLUSTER") };
  if (sentinels === undefined) return undefined;
  const master = setting(io, "PRESENCE_REDIS_MASTER");
  if (master === undefined) {
    throw Failure.usage(
      "PRESENCE_REDIS_SENTINELS is set, but PRESENCE_REDIS_MASTER is not",
      "set it to what the sentinels call the master, such as mymaster",
    );
  }
  return {
    sentinels: nodes(sentinels, "PRESENCE_REDIS_SENTINELS"),
    master,
    sentinelUsername: setting(io, "PRESENCE_REDIS_SENTINEL_USERNAME"),
    sentinelPassword: setting(io, "PRESENCE_REDIS_SENTINEL_PASSWORD"),
  };
}

function nodes(text: string, name: string): readonly string[] {
  const found = text.split(",").map((node) => node.trim());
  for (const node of found) {
    const [, port = ""] = /^(?:\[[\da-fA-F:.]+\]|[^\s:[\]/@]+):(\d{1,5})$/.exec(node) ?? [];
    if (!(Number(port) >= 1 && Number(port) <= 65_535))
      throw Failure.usage(`${name} has '${node}', which is no host:port`, "write it as 10.0.0.1:6379,10.0.0.2:6379");
  }
  return found;
}

// It may hold a password, so it is never repeated.
function redisUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^rediss?:$/.test(url.protocol) && url.hostname !== "" && /^\/?\d{0,4}$/.test(url.pathname)) return text;
  throw Failure.usage(`${name} is no address of a Redis`, "write it as redis://127.0.0.1:6379/0, or rediss://… for TLS");
}

function template(text: string | undefined): string | undefined {
  if (text === undefined || (/^[\x21-\x7e]{1,200}$/.test(text) && text.split("%s").length === 2 && bracesFit(text))) return text;
  throw Failure.usage(`PRESENCE_SESSION_KEY is '${text}', which is no key with one %s`, "write it as session:%s");
}

/** No braces, or a hash tag. */
function bracesFit(text: string): boolean {
  return !/[{}]/.test(text) || /^[^{]*\{[^}]+\}/.test(text);
}

function prefix(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7a\x7c\x7e]{1,100}$/.test(text)) return text;
  throw Failure.usage(`PRESENCE_KEY_PREFIX is '${text}', which has blanks or braces`, "write it as presence:");
}

function lease(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1) return ms;
  throw Failure.usage(`PRESENCE_LEASE_TTL is '${text}', which is no duration`, durationExamples);
}

function ttlPolicy(text: string | undefined): ExamineRedisOptions["sessionTtl"] {
  const policy = ttlPolicies.find((candidate) => candidate === text);
  if (policy !== undefined || text === undefined) return policy;
  throw Failure.usage(`PRESENCE_SESSION_TTL is '${text}'`, "it is align, exact or off");
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: Value });
}
