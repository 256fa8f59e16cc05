import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, loopbackCertificate, loopbackKey, type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { examineRedis } from "./examine-redis.ts";

let dir: string;
let redis: RunningRedis;
let tlsPort: number;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "presence-tls-"));
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  writeFileSync(cert, loopbackCertificate);
  writeFileSync(key, loopbackKey);
  tlsPort = await freePort();
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no"];
  const cluster = ["--cluster-enabled", "yes", "--cluster-port", String(await freePort()), "--cluster-announce-ip", "127.0.0.1"];
  redis = await startRedis({ args: ["--tls-port", String(tlsPort), ...files, ...cluster, "--tls-cluster", "yes"] });
  await redis.ask("CLUSTER ADDSLOTSRANGE 0 16383");
  await vi.waitFor(async () => expect(String(await redis.ask("CLUSTER INFO"))).toContain("cluster_state:ok"), { timeout: 10_000 });
});
afterAll(async () => {
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
});

test("a cluster that speaks TLS is looked at by TLS, where it announces that, and so are the commands to copy", {
  timeout: 20_000,
}, async () => {
  const findings = await examineRedis({ cluster: [`127.0.0.1:${tlsPort}`], tlsCa: loopbackCertificate });
  expect(findings.filter(({ level }) => level === "problem").map(({ name }) => name)).toEqual(["notifications", "sweeper"]);
  expect(findings.find(({ name }) => name === "cluster-nodes")).toMatchObject({ level: "ok" });
  expect(findings.find(({ name }) => name === "notifications")).toMatchObject({
    node: `127.0.0.1:${tlsPort}`,
    advice: expect.stringContaining(`redis-cli -h 127.0.0.1 -p ${tlsPort} --tls CONFIG SET`),
  });
});

test.each(["without TLS where it is spoken", "with TLS where it is not"])("%s is a problem that says so", async (how) => {
  const without = how.startsWith("without");
  const port = without ? tlsPort : redis.port;
  const findings = await examineRedis({ cluster: [`127.0.0.1:${port}`], tlsCa: without ? undefined : loopbackCertificate });
  expect(findings).toMatchObject([{ name: "connection", level: "problem", advice: expect.stringContaining("PRESENCE_REDIS_TLS_CA") }]);
});
