import { startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { type Finished, type PresenceServer, runBuilt, startPresenceServer } from "../processes.fixture.ts";
import { runRecorded } from "../recorded-io.fixture.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function redisServer(...args: string[]) {
  const redis = await startRedis({ args });
  cleanUps.push(() => redis.stop());
  return redis;
}

async function presenceServer(env: Readonly<Record<string, string>> = {}): Promise<PresenceServer> {
  const server = await startPresenceServer(env);
  cleanUps.push(() => server.stop());
  return server;
}

/** Name and level of what was printed in a pipe. */
function levels({ stdout }: Finished): Readonly<Record<string, string>> {
  const lines = stdout.trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => line.split("\t").slice(0, 2)));
}

describe("wrong usage is one line on standard error with a hint, and exit code 2:", () => {
  it.each([
    [["--no-redis", "--no-server"], {}, "nothing is left to look at: leave out --no-server or --no-redis"],
    [["--redis", "localhost:6379"], {}, "--redis is no address of a Redis: write it as redis://127.0.0.1:6379/0, or rediss://… for TLS"],
    [[], { REDIS_URL: "http://x" }, "REDIS_URL is no address of a Redis: write it as redis://127.0.0.1:6379/0, or rediss://… for TLS"],
    [
      [],
      { PRESENCE_REDIS_CLUSTER: "10.0.0.1:6379" },
      "REDIS_URL and PRESENCE_REDIS_CLUSTER are set: set one of them, or name a Redis with --redis",
    ],
    [
      [],
      { REDIS_URL: "", PRESENCE_REDIS_CLUSTER: "10.0.0.1:6379,10.0.0.2" },
      "PRESENCE_REDIS_CLUSTER has '10.0.0.2', which is no host:port: write it as 10.0.0.1:6379,10.0.0.2:6379",
    ],
    [
      [],
      { REDIS_URL: "", PRESENCE_REDIS_SENTINELS: "10.0.0.1:26379" },
      "PRESENCE_REDIS_SENTINELS is set, but PRESENCE_REDIS_MASTER is not: set it to what the sentinels call the master, such as mymaster",
    ],
    [["--server", "nowhere"], {}, "--server is 'nowhere', which is no host:port: write it as 127.0.0.1:50051"],
    [[], { PRESENCE_SESSION_KEY: "s" }, "PRESENCE_SESSION_KEY is 's', which is no key with one %s: write it as session:%s"],
    [[], { PRESENCE_SESSION_KEY: "s}%s{" }, "PRESENCE_SESSION_KEY is 's}%s{', which is no key with one %s: write it as session:%s"],
    [[], { PRESENCE_KEY_PREFIX: "{a}" }, "PRESENCE_KEY_PREFIX is '{a}', which has blanks or braces: write it as presence:"],
    [[], { PRESENCE_LEASE_TTL: "2" }, "PRESENCE_LEASE_TTL is '2', which is no duration: write it as 90s, 15m, 2h, 1d or 1h30m"],
    [[], { PRESENCE_SESSION_TTL: "on" }, "PRESENCE_SESSION_TTL is 'on': it is align, exact or off"],
  ])("%j with %j", async (argv, env, line) => {
    const withRedis = { REDIS_URL: "redis://127.0.0.1:1", ...env };
    expect(await runRecorded(["doctor", ...argv], { env: withRedis })).toEqual({ exitCode: 2, stdout: "", stderr: `presence: ${line}\n` });
  });

  it("a certificate that cannot be read", async () => {
    const env = { REDIS_URL: "rediss://127.0.0.1:1", PRESENCE_REDIS_TLS_CA: "/nowhere/ca.pem" };
    expect(await runRecorded(["doctor"], { env })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/PRESENCE_REDIS_TLS_CA.*ENOENT/),
    });
  });
});

describe("the doctor, against real processes", () => {
  it("finds nothing wrong with a server and its Redis in good order", async () => {
    const redis = await redisServer("--appendonly", "yes");
    const server = await presenceServer({ REDIS_URL: redis.url });
    const env = { PRESENCE_SERVER: server.address, REDIS_URL: redis.url };
    expect((await runBuilt(["set", "alice", "dnd"], env)).exitCode).toBe(0);
    const looked = await runBuilt(["doctor"], env);
    expect(looked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(levels(looked)).toMatchObject({ server: "ok", "server-store": "ok", "server-feed": "ok", connection: "ok", sweeper: "ok" });
    expect(looked.stdout).not.toContain("\u001b");
    expect(looked.stdout.split("\n").every((line) => line === "" || line.split("\t").length === 4)).toBe(true);
  });

  it("names the problems on standard error, and ends with exit code 1", async () => {
    const redis = await redisServer("--maxmemory-policy", "allkeys-lru");
    const server = await presenceServer({ REDIS_URL: redis.url });
    const others = new Redis(redis.url);
    await others.hset("session:ghost", "status", "ONLINE");
    others.disconnect();
    const looked = await runBuilt(["doctor", "--redis", redis.url, "--server", server.address, "--json"], {});
    expect(looked).toMatchObject({ exitCode: 1, stderr: "presence: 2 problems: eviction, sessions\n" });
    const findings = looked.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { name: string; advice: string | null });
    expect(findings.find(({ name }) => name === "eviction")?.advice).toContain(`-p ${redis.port} CONFIG SET maxmemory-policy noeviction`);
    expect(findings.find(({ name }) => name === "server")?.advice).toBeNull();
  });

  it("finds that a server works in its own memory beside a Redis", async () => {
    const redis = await redisServer();
    const server = await presenceServer();
    const looked = await runBuilt(["doctor"], { PRESENCE_SERVER: server.address, REDIS_URL: redis.url });
    expect(looked.exitCode).toBe(1);
    expect(levels(looked)).toMatchObject({ "server-store": "problem", sweeper: "problem" });
  });

  it("leaves out what it is told to, and what a server in memory does not have", async () => {
    const server = await presenceServer();
    const env = { PRESENCE_SERVER: server.address };
    const both = await runBuilt(["doctor"], env);
    expect(both).toMatchObject({ exitCode: 0, stderr: "" });
    expect(levels(both)).toMatchObject({ "server-store": "note", connection: "note" });
    const alone = await runBuilt(["doctor", "--no-redis"], env);
    expect(alone.exitCode).toBe(0);
    expect(Object.keys(levels(alone))).toEqual(["server", "server-store", "server-feed", "server-sweep-lag"]);
  });

  it("tells that a part cannot be looked at, and looks at the other one", async () => {
    const redis = await redisServer();
    const server = await presenceServer({ REDIS_URL: redis.url });
    await redis.kill();
    const noRedis = await runBuilt(["doctor", "--no-server"], { REDIS_URL: redis.url });
    expect(noRedis).toMatchObject({ exitCode: 1, stderr: "presence: 1 problem: connection\n" });
    expect(noRedis.stdout).toContain("ECONNREFUSED");
    const withServer = levels(await runBuilt(["doctor"], { PRESENCE_SERVER: server.address, REDIS_URL: redis.url }));
    expect(withServer).toEqual({ server: "problem", connection: "problem" });
    await redis.restart();
    await server.stop();
    const noServer = await runBuilt(["doctor"], { PRESENCE_SERVER: server.address, REDIS_URL: redis.url });
    expect(levels(noServer)).toMatchObject({ server: "problem", connection: "ok" });
    expect(noServer.stdout).toContain("leave it out with --no-server");
    expect(await runBuilt(["doctor", "--no-server"], {})).toMatchObject({ exitCode: 1, stderr: "presence: 1 problem: connection\n" });
  });

  it("goes by the settings of the servers", async () => {
    const redis = await redisServer("--requirepass", "open-sesame");
    const settings = {
      PRESENCE_SESSION_KEY: "auth:%s",
      PRESENCE_KEY_PREFIX: "here:",
      PRESENCE_LEASE_TTL: "90s",
      PRESENCE_SESSION_TTL: "off",
    };
    const env = { ...settings, REDIS_URL: redis.url, PRESENCE_REDIS_PASSWORD: "open-sesame" };
    const server = await presenceServer(env);
    expect(await runBuilt(["set", "alice", "dnd"], { PRESENCE_SERVER: server.address })).toMatchObject({ exitCode: 0, stderr: "" });
    const looked = await runBuilt(["doctor", "--no-server"], env);
    expect(looked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(looked.stdout).toContain("records\tok\t1 record read");
    expect(looked.stdout).toContain("no key matches auth:%s");
    const elsewhere = await runBuilt(["doctor", "--no-server"], { ...env, PRESENCE_KEY_PREFIX: "there:" });
    expect(elsewhere.stdout).toMatch(/sweeper\tproblem\tthere is no there:clock/);
  });

  it("draws a table on a terminal", async () => {
    const redis = await redisServer("--maxmemory-policy", "volatile-lru");
    const { stdout, exitCode } = await runRecorded(["doctor", "--no-server", "--redis", redis.url, "--no-color"], { terminal: 100 });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^CHECK +LEVEL +FOUND\nconnection +ok +connected to 127\.0\.0\.1/);
    expect(stdout).toMatch(/\n +→ redis-cli/);
  });
});
