export type { AdapterLog, ConnectionSettings, SentinelAddress, StandaloneAddress } from "./connection.ts";
export type { ClusterAddress, RedisAddress } from "./deployment.ts";
export type { SessionGone } from "./key-notifications.ts";
export type { KeyTemplates } from "./keys.ts";
export { type RedisAdapter, type RedisAdapterOptions, redisAdapter } from "./redis-adapter.ts";
