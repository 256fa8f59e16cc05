export { freePort } from "./free-port.ts";
export { type RunningRedis, type StartRedisOptions, startRedis } from "./start-redis.ts";
