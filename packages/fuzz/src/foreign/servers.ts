import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { certificates, tokenSecret } from "@presence/redis-fixture";
import { Target } from "../target.ts";

/** One server for each way to know callers, on one Redis. What they and their clients show one another stands in `dir`. */
export async function startServers(dir: string, redisUrl: string): Promise<readonly Target[]> {
  const file = (name: keyof typeof certificates | "secret") => join(dir, name);
  for (const [name, content] of Object.entries({ ...certificates, secret: tokenSecret })) writeFileSync(join(dir, name), content);
  const redis = { REDIS_URL: redisUrl };
  const tls = { ...redis, PRESENCE_TLS_CERT: file("serverCertificate"), PRESENCE_TLS_KEY: file("serverKey") };
  const jwt = { PRESENCE_AUTH: "jwt", PRESENCE_JWT_KEY: file("secret") };
  const mtls = { PRESENCE_TLS_CLIENT_CA: file("authority"), PRESENCE_TLS_SERVICE_SANS: "gateway.internal" };
  const { authority, clientKey, gatewayCertificate } = certificates;
  const gateway = credentials.createSsl(Buffer.from(authority), Buffer.from(clientKey), Buffer.from(gatewayCertificate));
  return [
    await Target.start("plain", { ...redis, PRESENCE_AUTH: "none" }),
    await Target.start("tls", { ...tls, ...jwt }, gateway),
    await Target.start("mtls", { ...tls, ...mtls, PRESENCE_AUTH: "none" }, gateway),
    await Target.start("either", { ...tls, ...mtls, ...jwt }, gateway),
  ];
}
