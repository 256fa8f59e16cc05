import { randomUUID } from "node:crypto";
import { PresenceService, parseDeviceId, parseUserId, presencePolicy } from "@presence/domain";
import type { RunningRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import type { StandaloneAddress } from "./connection.ts";
import { Keys } from "./keys.ts";
import type { RedisAdapter, RedisAdapterSettings } from "./redis-adapter.ts";
import { readyAdapter } from "./redis-harness.fixture.ts";

export const alice = parseUserId("alice");
export const phone = parseDeviceId("phone");
/** What the auth service writes at a login. */
export const login = { sessionId: "s1", name: "Alice", roles: "user" };

/** A service on a Redis, under keys of its own, and a connection that does what other services and operators do. */
export interface ServiceOnRedis {
  readonly adapter: RedisAdapter;
  readonly service: PresenceService;
  readonly keys: Keys;
  readonly others: Redis;
  /** A second server with the same keys. */
  another(): Promise<PresenceService>;
  close(): void;
}

export async function serviceOnRedis(
  redis: RunningRedis,
  changes: Partial<StandaloneAddress & RedisAdapterSettings> = {},
): Promise<ServiceOnRedis> {
  const name = randomUUID().slice(0, 8);
  const templates = { sessionKey: `${name}:session:%s`, partyKey: `${name}:party:%s:members`, keyPrefix: `${name}:presence:` };
  const policy = changes.policy ?? presencePolicy();
  const open: RedisAdapter[] = [];
  const start = async () => {
    const adapter = await readyAdapter({ url: redis.url, ...templates, ...changes, policy });
    open.push(adapter);
    return { adapter, service: new PresenceService({ ...adapter, policy }) };
  };
  const others = new Redis(changes.url ?? redis.url);
  // Tests end their Redis on purpose; what they wait for fails by itself.
  others.on("error", () => {});
  return {
    ...(await start()),
    keys: new Keys({ ...templates, ...changes }),
    others,
    another: async () => (await start()).service,
    close() {
      for (const adapter of open) adapter.close();
      others.disconnect();
    },
  };
}
