export { composeServer } from "./composition-root.ts";
export { variables, variablesTable } from "./config/variables.ts";
export { type Config, ConfigError, type RedisConfig, readConfig } from "./config.ts";
export { createLogger } from "./logger.ts";
