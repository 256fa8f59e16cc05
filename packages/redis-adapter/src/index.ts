export type { AdapterLog, RedisConnectionOptions } from "./connection.ts";
export type { SessionGone } from "./key-notifications.ts";
export type { KeyTemplates } from "./keys.ts";
export { type RedisAdapter, type RedisAdapterOptions, redisAdapter } from "./redis-adapter.ts";
