export { type ExamineRedisOptions, examineRedis } from "./examine-redis.ts";
export type { Finding, Level } from "./finding.ts";
