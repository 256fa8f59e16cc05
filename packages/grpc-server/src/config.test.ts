import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultPolicy, presencePolicy } from "@presence/domain";
import { describe, expect, test } from "vitest";
import { variables, variablesTable } from "./config/variables.ts";
import { ConfigError, readConfig } from "./config.ts";

const redis = { REDIS_URL: "redis://127.0.0.1:6379" };

function problems(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("the settings", () => {
  test("an empty environment is the design's defaults", () => {
    expect(readConfig({})).toEqual({
      host: "127.0.0.1",
      port: 50_051,
      policy: defaultPolicy,
      sessionTtl: "align",
      redis: undefined,
      metrics: { port: 9464, required: false },
      traces: undefined,
      auth: { kind: "none" },
      tls: undefined,
      limits: {
        connections: 10_000,
        streamsPerConnection: 1_000,
        callsPerSecond: 100,
        messageBytes: 1_048_576,
        headerBytes: 8_192,
        connectionAgeMs: 3_600_000,
      },
      reflection: true,
      logLevel: "info",
    });
  });

  test("set to nothing is unset", () => {
    expect(readConfig(Object.fromEntries(Object.keys(variables).map((name) => [name, ""])))).toEqual(readConfig({}));
  });

  test("every default is what is written in the table", () => {
    const written = Object.fromEntries(Object.entries(variables).map(([name, { default: value }]) => [name, value]));
    // Who writes the port down wants it.
    expect(readConfig(written)).toEqual({ ...readConfig({}), metrics: { port: 9464, required: true } });
    expect(presencePolicy(readConfig(written).policy)).toEqual(defaultPolicy);
  });

  test("all of them are read", () => {
    const config = readConfig({
      PRESENCE_HOST: "::1",
      PRESENCE_PORT: "0",
      REDIS_URL: "redis://cache.internal:6380/2",
      PRESENCE_REDIS_USERNAME: "presence",
      PRESENCE_REDIS_PASSWORD: "secret",
      PRESENCE_SESSION_KEY: "auth:{%s}:session",
      PRESENCE_PARTY_KEY: "group:%s",
      PRESENCE_KEY_PREFIX: "p:",
      PRESENCE_SESSION_TTL: "exact",
      PRESENCE_SESSION_REQUIRED: "true",
      PRESENCE_LEASE_TTL: "3s",
      PRESENCE_HEARTBEAT: "900ms",
      PRESENCE_GRACE: "0s",
      PRESENCE_IDLE_AFTER: "2h",
      PRESENCE_RETENTION: "1d",
      PRESENCE_METRICS_PORT: "9999",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.internal:4318",
      PRESENCE_AUTH: "session",
      PRESENCE_MAX_CONNECTIONS: "7",
      PRESENCE_MAX_STREAMS: "8",
      PRESENCE_CALLS_PER_SECOND: "9",
      PRESENCE_MAX_MESSAGE_BYTES: "65536",
      PRESENCE_MAX_HEADER_BYTES: "1024",
      PRESENCE_MAX_CONNECTION_AGE: "0s",
      PRESENCE_REFLECTION: "true",
      LOG_LEVEL: "debug",
      PRESENCE_TOKEN: "of the client",
      PRESENCE_SERVER: "localhost:50051",
      PRESENCE_USER: "alice",
      PRESENCE_TLS_CA: "ca.pem",
      PRESENCE_TLS_CLIENT_CERT: "me.pem",
      PRESENCE_TLS_CLIENT_KEY: "me.key",
      HOME: "/root",
    });
    expect(config).toEqual({
      host: "::1",
      port: 0,
      policy: {
        leaseTtlMs: 3_000,
        heartbeatIntervalMs: 900,
        graceMs: 0,
        idleAfterMs: 7_200_000,
        retentionMs: 86_400_000,
        sessionRequired: true,
      },
      sessionTtl: "exact",
      redis: {
        url: "redis://cache.internal:6380/2",
        username: "presence",
        password: "secret",
        tlsCa: undefined,
        sessionKey: "auth:{%s}:session",
        partyKey: "group:%s",
        keyPrefix: "p:",
      },
      metrics: { port: 9999, required: true },
      traces: "http://collector.internal:4318",
      auth: { kind: "session" },
      tls: undefined,
      limits: {
        connections: 7,
        streamsPerConnection: 8,
        callsPerSecond: 9,
        messageBytes: 65_536,
        headerBytes: 1_024,
        connectionAgeMs: undefined,
      },
      reflection: true,
      logLevel: "debug",
    });
  });

  test("a certificate authority is read from its file", () => {
    const dir = mkdtempSync(join(tmpdir(), "presence-config-"));
    const [good, other] = [join(dir, "ca.pem"), join(dir, "other.pem")];
    writeFileSync(good, "-----BEGIN CERTIFICATE-----\n");
    writeFileSync(other, "hello");
    const tls = { REDIS_URL: "rediss://cache.internal:6380" };
    expect(readConfig({ ...tls, PRESENCE_REDIS_TLS_CA: good }).redis?.tlsCa).toBe("-----BEGIN CERTIFICATE-----\n");
    expect(problems({ ...tls, PRESENCE_REDIS_TLS_CA: other })[0]).toContain("it holds no certificate");
    expect(problems({ ...tls, PRESENCE_REDIS_TLS_CA: join(dir, "none.pem") })[0]).toContain("ENOENT");
    expect(problems({ ...redis, PRESENCE_REDIS_TLS_CA: good })[0]).toContain("rediss://");
    rmSync(dir, { recursive: true });
  });

  const wrong: Record<string, readonly string[]> = {
    PRESENCE_HOST: ["no host", "-a", "http://a"],
    PRESENCE_PORT: ["abc", "-1", "65536", "1.5", " 1", "0x10"],
    REDIS_URL: ["127.0.0.1:6379", "http://a", "redis://", "redis://a:b", "redis://a/b", "unix:///tmp/redis.sock"],
    PRESENCE_SESSION_KEY: ["session", "%s%s", "a b %s", "é%s"],
    PRESENCE_PARTY_KEY: ["party", "%s:%s"],
    PRESENCE_KEY_PREFIX: ["{a}", "a b"],
    PRESENCE_SESSION_TTL: ["on", "ALIGN"],
    PRESENCE_SESSION_REQUIRED: ["yes", "1", "TRUE"],
    PRESENCE_LEASE_TTL: ["120", "2min", "-1s", "1.5s", "1h30m", "25h", "1s"],
    PRESENCE_HEARTBEAT: ["0s", "99ms", "30 s", "s"],
    PRESENCE_GRACE: ["-1s", "none", "25h"],
    PRESENCE_IDLE_AFTER: ["0s", "8d"],
    PRESENCE_RETENTION: ["0d", "367d", "1w"],
    PRESENCE_AUTH: ["basic", "Session", "none "],
    PRESENCE_JWT_KEY: ["/nowhere/key"],
    PRESENCE_JWT_JWKS: ["/nowhere/jwks.json"],
    PRESENCE_JWT_TOLERANCE: ["6m", "30"],
    PRESENCE_TLS_CERT: ["/nowhere/cert.pem"],
    PRESENCE_TLS_KEY: ["/nowhere/key.pem"],
    PRESENCE_TLS_CLIENT_CA: ["/nowhere/ca.pem"],
    PRESENCE_MAX_CONNECTIONS: ["0", "many", "1000001", "-1"],
    PRESENCE_MAX_STREAMS: ["0"],
    PRESENCE_CALLS_PER_SECOND: ["0", "1.5"],
    PRESENCE_MAX_MESSAGE_BYTES: ["1000", "1MB"],
    PRESENCE_MAX_HEADER_BYTES: ["100"],
    PRESENCE_MAX_CONNECTION_AGE: ["1h30m", "900ms", "8d", "0"],
    PRESENCE_REFLECTION: ["yes"],
    PRESENCE_ALLOW_INSECURE: ["yes"],
    PRESENCE_METRICS_PORT: ["none", "OFF", "65536"],
    OTEL_EXPORTER_OTLP_ENDPOINT: ["collector:4318", "grpc://collector:4317"],
    LOG_LEVEL: ["verbose"],
  };
  const cases = Object.entries(wrong).flatMap(([name, values]) => values.map((value) => [name, value] as const));
  test.each(cases)("%s=%s stops the start with the value and what is allowed", (name, value) => {
    const [problem = "", ...others] = problems({ ...redis, [name]: value });
    expect(others).toEqual([]);
    const shown = name === "REDIS_URL" ? "set to something else" : JSON.stringify(value);
    expect(problem).toContain(`${name} is ${shown}`);
    expect(problem).toContain(`it must be ${variables[name as keyof typeof variables].allowed}`);
  });

  test("durations say how they are written, and their bounds", () => {
    expect(problems({ PRESENCE_LEASE_TTL: "2 minutes" })).toEqual([
      'PRESENCE_LEASE_TTL is "2 minutes"; it must be a duration such as `900ms`, `30s`, `5m`, `2h` or `7d`, from 2s to 24h',
    ]);
  });

  test("no password is shown", () => {
    const all = problems({ REDIS_URL: "redis//user:hunter2@host", PRESENCE_REDIS_PASSWORD: "hunter2" });
    expect(all).toHaveLength(1);
    expect(all.join()).not.toContain("hunter2");
  });

  test("a lease must outlast three heartbeats and the grace", () => {
    expect(problems({ PRESENCE_LEASE_TTL: "60s", PRESENCE_GRACE: "90s" })).toEqual([
      "PRESENCE_LEASE_TTL is 60s and PRESENCE_HEARTBEAT is 30s; the lease must be at least three heartbeats (90s), or one lost heartbeat shows as OFFLINE",
      "PRESENCE_GRACE is 90s and PRESENCE_LEASE_TTL is 60s; the grace must be at most the lease, or a broken stream outlives a silent one",
    ]);
    expect(problems({ PRESENCE_LEASE_TTL: "90s", PRESENCE_GRACE: "90s" })).toEqual([]);
  });

  test("an unauthenticated server that others can reach must be wanted", () => {
    for (const host of ["0.0.0.0", "::", "10.0.0.1", "presence.internal"]) {
      const [problem = ""] = problems({ PRESENCE_HOST: host });
      for (const part of [`PRESENCE_HOST is "${host}"`, 'PRESENCE_AUTH is "none"', 'PRESENCE_ALLOW_INSECURE is "false"'])
        expect(problem).toContain(part);
      expect(problems({ PRESENCE_HOST: host, PRESENCE_ALLOW_INSECURE: "true" })).toEqual([]);
    }
    for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) expect(problems({ PRESENCE_HOST: host })).toEqual([]);
  });

  test("what only a Redis can do needs one", () => {
    expect(problems({ PRESENCE_REDIS_USERNAME: "a", PRESENCE_REDIS_PASSWORD: "b", PRESENCE_SESSION_REQUIRED: "true" })).toHaveLength(3);
  });

  test("Redis is one, a cluster, or what sentinels name, and not two of them", () => {
    const cluster = { PRESENCE_REDIS_CLUSTER: "a:1, b:2", PRESENCE_REDIS_PASSWORD: "p" };
    expect(readConfig(cluster).redis).toMatchObject({ cluster: ["a:1", "b:2"], password: "p" });
    const sentinels = { PRESENCE_REDIS_SENTINELS: "a:1,[::1]:2", PRESENCE_REDIS_MASTER: "m", PRESENCE_REDIS_SENTINEL_PASSWORD: "s" };
    expect(readConfig(sentinels).redis).toMatchObject({ sentinels: ["a:1", "[::1]:2"], master: "m", sentinelPassword: "s" });
    expect(problems({ ...cluster, ...sentinels })).toEqual([
      "PRESENCE_REDIS_CLUSTER and PRESENCE_REDIS_SENTINELS are set; set one of them",
    ]);
    expect(problems({ PRESENCE_REDIS_SENTINELS: "a:1" })).toEqual([expect.stringContaining("PRESENCE_REDIS_MASTER is not")]);
    expect(problems({ PRESENCE_REDIS_MASTER: "m" })).toEqual([expect.stringContaining("PRESENCE_REDIS_SENTINELS is not")]);
    expect(problems({ PRESENCE_REDIS_CLUSTER: "a" })).toEqual([
      expect.stringContaining('PRESENCE_REDIS_CLUSTER is "a"; it must be `host:port`'),
    ]);
  });

  test.each([
    ["PRESENCE_LEASE", "PRESENCE_LEASE_TTL"],
    ["PRESENCE_HEARTBEATS", "PRESENCE_HEARTBEAT"],
    ["PRESENCE_SESSION_KEYS", "PRESENCE_SESSION_KEY"],
    ["PRESENCE_REDIS_PASWORD", "PRESENCE_REDIS_PASSWORD"],
  ])("%s is taken for a slip of %s", (name, meant) => {
    expect(problems({ [name]: "x" })).toEqual([`${name} is set, and is no variable of this server; did you mean ${meant}?`]);
  });

  test("a stranger that is like none gets no hint", () => {
    expect(problems({ PRESENCE_QWERTZUIOP: "x" })).toEqual(["PRESENCE_QWERTZUIOP is set, and is no variable of this server"]);
  });

  test("what Kubernetes injects for a Service named presence is explained, once", () => {
    const injected = {
      PRESENCE_SERVICE_HOST: "10.1.1.1",
      PRESENCE_SERVICE_PORT: "50051",
      PRESENCE_SERVICE_PORT_GRPC: "50051",
      PRESENCE_PORT_50051_TCP: "tcp://10.1.1.1:50051",
      PRESENCE_PORT_50051_TCP_ADDR: "10.1.1.1",
      PRESENCE_CLI_PORT: "tcp://10.1.1.2:80",
    };
    expect(problems(injected)).toEqual([]);
    const all = problems({ ...injected, PRESENCE_PORT: "tcp://10.1.1.1:50051" });
    expect(all).toHaveLength(1);
    expect(all[0]).toContain("enableServiceLinks: false");
  });

  test("all problems are told at once", () => {
    const all = problems({
      PRESENCE_PORT: "a",
      PRESENCE_LEASE_TTL: "b",
      PRESENCE_HOST: "0.0.0.0",
      PRESENCE_REDIS_MASTER: "c",
      PRESENCE_FOO: "d",
    });
    expect(all).toHaveLength(5);
  });

  test("the table for the documentation has a line for each variable", () => {
    expect(variablesTable().split("\n")).toHaveLength(Object.keys(variables).length + 2);
  });
});
