export * as certificates from "./certificates.ts";
export { endOnSignal } from "./end-on-signal.ts";
export { freePort } from "./free-port.ts";
export { loopbackCertificate, loopbackKey } from "./loopback-certificate.ts";
export { type RunningCluster, type StartClusterOptions, startCluster } from "./start-cluster.ts";
export { type RunningRedis, type StartRedisOptions, startRedis } from "./start-redis.ts";
export { type RunningSentinels, type StartSentinelsOptions, startSentinels } from "./start-sentinels.ts";
export { tokenOf, tokenSecret } from "./token.ts";
