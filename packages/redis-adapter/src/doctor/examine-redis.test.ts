import { rmSync } from "node:fs";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { delayingProxy } from "./delaying-proxy.fixture.ts";
import { examineRedis } from "./examine-redis.ts";
import { byName, type Patient, patient } from "./patient.fixture.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(...args: string[]): Promise<RunningRedis> {
  const redis = await startRedis({ args });
  cleanUps.push(() => redis.stop());
  return redis;
}

async function inUse(redis: RunningRedis, users?: number): Promise<Patient> {
  const used = await patient(redis, users);
  cleanUps.push(() => used.close());
  return used;
}

const problems = (findings: ReadonlyMap<string, { level: string }>) =>
  [...findings].flatMap(([name, { level }]) => (level === "problem" ? [name] : []));

test("a Redis in good order has no problem, and every check says what it saw", async () => {
  const findings = await (await inUse(await start("--appendonly", "yes"))).examine();
  expect([...findings.keys()]).toEqual([
    "connection",
    "version",
    "role",
    "eviction",
    "memory",
    "persistence",
    "replication",
    "notifications",
    "clock-offset",
    "latency",
    "slow-scripts",
    "sweeper",
    "window",
    "sweep-lag",
    "due-index",
    "records",
    "sessions",
    "session-ttl",
    "session-status",
  ]);
  // How quick this machine is, it says itself.
  expect([...findings.values()].filter(({ name, level }) => level !== "ok" && name !== "latency")).toEqual([]);
  expect(findings.get("sweeper")?.found).toMatch(/^1 server sweeps/);
});

test("looking writes nothing", async () => {
  const used = await inUse(await start());
  const changes = async () => /rdb_changes_since_last_save:(\d+)/.exec(await used.others.info("persistence"))?.[1];
  const before = await changes();
  await used.examine();
  expect(await changes()).toBe(before);
});

test("a million keys of others take it a few seconds at most, and hold nobody up", { timeout: 60_000 }, async () => {
  const redis = await start();
  const used = await inUse(redis);
  const fill = "for i = ARGV[1], ARGV[1] + 49999 do redis.call('SET', 'other:' .. i, 1) end";
  for (let from = 0; from < 1_000_000; from += 50_000) await used.others.eval(fill, 0, from);
  await used.others.slowlog("RESET");
  const startedAt = performance.now();
  const findings = await used.examine();
  const tookMs = performance.now() - startedAt;
  const slow = (await used.others.slowlog("GET", 10)) as unknown[];
  console.log(`examined 1,000,000 keys in ${Math.round(tookMs)} ms; ${slow.length} commands over 10 ms`);
  expect(tookMs).toBeLessThan(6_000);
  expect(findings.get("connection")?.level).toBe("ok");
});

describe("a setting that harms presence is a problem:", () => {
  test.each(["allkeys-lru", "volatile-ttl"])("maxmemory-policy %s", async (policy) => {
    const redis = await start("--maxmemory", "100mb", "--maxmemory-policy", policy);
    const { level, found, advice } = (await (await inUse(redis)).examine()).get("eviction") ?? {};
    expect({ level, found }).toEqual({ level: "problem", found: expect.stringContaining(policy) });
    expect(advice).toContain(`redis-cli -h 127.0.0.1 -p ${redis.port} CONFIG SET maxmemory-policy noeviction`);
  });

  test("a memory that is nearly full", async () => {
    const used = await inUse(await start());
    const [, memory] = /used_memory:(\d+)/.exec(await used.others.info("memory")) ?? [];
    await used.others.config("SET", "maxmemory", String(Math.round(Number(memory) * 1.02)));
    expect((await used.examine()).get("memory")).toMatchObject({ level: "problem", found: expect.stringContaining("maxmemory") });
  });

  test("notifications that are switched off, with the exact command", async () => {
    const used = await inUse(await start());
    await used.others.config("SET", "notify-keyspace-events", "Kx");
    expect((await used.examine()).get("notifications")).toMatchObject({
      level: "problem",
      advice: expect.stringMatching(/CONFIG SET notify-keyspace-events xKEegs /),
    });
  });

  test("snapshots that cannot be written", async () => {
    const redis = await start();
    const used = await inUse(redis);
    await used.others.config("SET", "save", "3600 1");
    rmSync(redis.dir, { recursive: true });
    await used.others.bgsave();
    await vi.waitFor(async () => expect(await used.others.info("persistence")).toContain("rdb_last_bgsave_status:err"), { timeout: 5_000 });
    expect((await used.examine()).get("persistence")).toMatchObject({ level: "problem" });
  });

  test("more replicas wanted than there are", async () => {
    const used = await inUse(await start());
    await used.others.config("SET", "min-replicas-to-write", "1");
    expect((await used.examine()).get("replication")).toMatchObject({ level: "problem" });
  });

  test("a script of ours that blocks Redis", async () => {
    const used = await inUse(await start("--slowlog-log-slower-than", "1000"));
    const busy = `local t = redis.call('TIME') local till = t[1] * 1000000 + t[2] + 150000
      repeat t = redis.call('TIME') until t[1] * 1000000 + t[2] > till return KEYS[1]`;
    await used.others.eval(busy, 1, used.keys.clock);
    expect((await used.examine()).get("slow-scripts")).toMatchObject({
      level: "problem",
      found: expect.stringMatching(/slowest took 1\d\d ms/),
    });
  });
});

describe("where Redis itself is the wrong one,", () => {
  test("a replica", async () => {
    const master = await start();
    const replica = await start("--replicaof", "127.0.0.1", String(master.port));
    const findings = byName(await examineRedis({ url: replica.url }));
    expect(findings.get("role")).toMatchObject({ level: "problem", found: expect.stringContaining(`127.0.0.1:${master.port}`) });
    await vi.waitFor(async () => {
      const { found } = byName(await examineRedis({ url: master.url })).get("replication") ?? {};
      expect(found).toMatch(/^1 replica, /);
    });
  });

  test("a node of a Cluster", async () => {
    const findings = byName(await examineRedis({ url: (await start("--cluster-enabled", "yes")).url }));
    expect(findings.get("role")).toMatchObject({ level: "problem", found: expect.stringContaining("Cluster") });
  });

  test("one on which nobody has ever swept", async () => {
    const findings = byName(await examineRedis({ url: (await start()).url }));
    expect(findings.get("sweeper")).toMatchObject({ level: "problem" });
    expect(findings.get("records")).toMatchObject({ level: "note" });
  });
});

describe("a Redis that cannot be asked is a problem with what to do:", () => {
  const connection = async (options: Parameters<typeof examineRedis>[0]) => {
    const findings = await examineRedis(options);
    expect(findings).toHaveLength(1);
    return findings[0];
  };

  test("nothing listens", async () => {
    const redis = await start();
    await redis.kill();
    expect(await connection({ url: redis.url })).toMatchObject({
      name: "connection",
      level: "problem",
      found: expect.stringContaining("ECONNREFUSED"),
      advice: expect.stringContaining("REDIS_URL"),
    });
  });

  test("it is paused", async () => {
    const redis = await start();
    redis.pause();
    const startedAt = performance.now();
    const finding = await connection({ url: redis.url, commandTimeoutMs: 300 });
    expect(finding).toMatchObject({ level: "problem", found: expect.stringContaining("timed out") });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    redis.resume();
  });

  test("a password is missing, or wrong; and never told", async () => {
    const redis = await start("--requirepass", "open-sesame");
    for (const password of [undefined, "wrong-word"]) {
      const finding = await connection({ url: redis.url, password });
      expect(finding).toMatchObject({ level: "problem", advice: expect.stringContaining("PRESENCE_REDIS_PASSWORD") });
      expect(JSON.stringify(finding)).not.toContain("wrong-word");
    }
    const findings = byName(await examineRedis({ url: redis.url.replace("//", "//:open-sesame@") }));
    expect(findings.get("connection")).toMatchObject({ level: "ok" });
    expect(JSON.stringify([...findings.values()])).not.toContain("open-sesame");
  });

  test("it has no such database", async () => {
    expect(await connection({ url: `${(await start()).url}/99` })).toMatchObject({
      level: "problem",
      found: expect.stringContaining("DB index"),
    });
  });
});

test("what a user may not ask is a note that says so, and the rest is looked at", async () => {
  const redis = await start();
  const used = await inUse(redis);
  await used.others.call("ACL", "SETUSER", "viewer", "on", ">secret", "~*", "-@all", "+@read", "+ping", "+time", "+eval");
  const findings = await used.examine({ username: "viewer", password: "secret" });
  for (const name of ["version", "eviction", "notifications", "slow-scripts"]) {
    expect(findings.get(name)).toMatchObject({ level: "note", found: expect.stringContaining("NOPERM") });
  }
  expect(problems(findings)).toEqual([]);
  expect(findings.get("due-index")).toMatchObject({ level: "ok" });
  await used.others.call("ACL", "SETUSER", "viewer", "-@all", "+select");
  expect(new Set([...(await used.examine({ username: "viewer", password: "secret" })).values()].map(({ level }) => level))).toEqual(
    new Set(["ok", "note"]),
  );
});

test("a command that a provider has renamed is a note as well", async () => {
  const redis = await start("--rename-command", "CONFIG", "", "--rename-command", "SLOWLOG", "");
  const findings = byName(await examineRedis({ url: redis.url }));
  for (const name of ["notifications", "slow-scripts"]) {
    expect(findings.get(name)).toMatchObject({ level: "note", found: expect.stringContaining("unknown command") });
  }
});

test("a clock that is off is told, and does no harm", async () => {
  const used = await inUse(await start());
  const findings = await used.examine({ wallClockMs: () => Date.now() - 3_600_000 });
  expect(findings.get("clock-offset")).toMatchObject({ level: "note", found: expect.stringMatching(/is 1 h ahead of/) });
});

test("a long way to Redis is told", async () => {
  const redis = await start();
  const proxy = await delayingProxy(redis.port, 25);
  cleanUps.push(() => proxy.close());
  const findings = byName(await examineRedis({ url: `redis://127.0.0.1:${proxy.port}` }));
  expect(findings.get("latency")).toMatchObject({ level: "note", found: expect.stringMatching(/p50 [23]\d ms/) });
});

test("it ends its connection", async () => {
  const redis = await start();
  const others = new Redis(redis.url);
  cleanUps.push(() => others.disconnect());
  await examineRedis({ url: redis.url });
  await vi.waitFor(async () => expect(((await others.client("LIST")) as string).trim().split("\n")).toHaveLength(1));
});
