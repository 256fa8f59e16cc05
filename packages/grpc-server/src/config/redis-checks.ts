import type { Values } from "./schema.ts";

/** The variables that say where Redis is, each in its own way. */
const addresses = ["REDIS_URL", "PRESENCE_REDIS_CLUSTER", "PRESENCE_REDIS_SENTINELS"] as const;

const credentials = ["PRESENCE_REDIS_USERNAME", "PRESENCE_REDIS_PASSWORD", "PRESENCE_REDIS_TLS_CA"] as const;
const ofSentinels = ["PRESENCE_REDIS_MASTER", "PRESENCE_REDIS_SENTINEL_USERNAME", "PRESENCE_REDIS_SENTINEL_PASSWORD"] as const;

/** Whether there is a Redis; undefined where a variable that would tell could not be read. */
export function hasRedis(values: Partial<Values>): boolean | undefined {
  if (addresses.some((name) => values[name] !== undefined)) return true;
  // Unreadable is not unset.
  return addresses.every((name) => name in values) ? false : undefined;
}

/** Problems of the variables that say how Redis is reached. */
export function* redisChecks(values: Partial<Values>): Generator<string> {
  const given = addresses.filter((name) => values[name] !== undefined);
  if (given.length > 1) yield `${given.join(" and ")} are set; set one of them`;
  yield* sentinelChecks(values);
  if (hasRedis(values) === false) {
    for (const name of credentials) if (values[name] !== undefined) yield `${name} is set, but REDIS_URL is not; set both or none`;
    if (values.PRESENCE_SESSION_REQUIRED === true) {
      yield `PRESENCE_SESSION_REQUIRED is "true", but REDIS_URL is not set: the memory of this process has no sessions, so every user would be refused`;
    }
  }
  const { REDIS_URL: url, PRESENCE_REDIS_TLS_CA: ca } = values;
  if (ca !== undefined && url !== undefined && !url.startsWith("rediss:"))
    yield "PRESENCE_REDIS_TLS_CA is set, but REDIS_URL does not ask for TLS; it must begin with rediss://";
}

function* sentinelChecks(values: Partial<Values>): Generator<string> {
  if (!("PRESENCE_REDIS_SENTINELS" in values)) return;
  if (values.PRESENCE_REDIS_SENTINELS !== undefined) {
    if ("PRESENCE_REDIS_MASTER" in values && values.PRESENCE_REDIS_MASTER === undefined)
      yield "PRESENCE_REDIS_SENTINELS is set, but PRESENCE_REDIS_MASTER is not; it is what the sentinels call the master, such as mymaster";
    return;
  }
  for (const name of ofSentinels)
    if (values[name] !== undefined) yield `${name} is set, but PRESENCE_REDIS_SENTINELS is not; set both or none`;
}
