export type { AdapterLog, RedisConnectionOptions } from "./connection.ts";
export type { SessionGone } from "./key-notifications.ts";
export type { KeyTemplates } from "./keys.ts";
export { type RedisAdapter, redisAdapter, type RedisAdapterOptions } from "./redis-adapter.ts";
