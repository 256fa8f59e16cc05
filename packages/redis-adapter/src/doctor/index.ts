export { examineRedis } from "./examine-redis.ts";
export type { Finding, Level } from "./finding.ts";
export type { ExamineRedisOptions } from "./options.ts";
