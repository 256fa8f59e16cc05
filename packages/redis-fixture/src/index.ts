export { type RunningRedis, type StartRedisOptions, startRedis } from "./start-redis.ts";
export { freePort } from "./free-port.ts";
