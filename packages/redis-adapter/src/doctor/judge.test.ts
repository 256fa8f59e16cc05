import { millis } from "@presence/domain";
import { describe, expect, test } from "vitest";
import type { ClockFacts, Expectations, Facts } from "./facts.ts";
import { judge } from "./judge.ts";
import { checkEviction, checkMemory } from "./memory-checks.ts";
import { count, duration } from "./quantity.ts";
import { checkLatency, checkSlowScripts } from "./script-checks.ts";
import { checkPersistence, checkReplication, checkRole, checkVersion } from "./server-checks.ts";
import { checkClockOffset, checkSweeper, checkSweepLag, checkWindow } from "./time-checks.ts";

const expected: Expectations = {
  leaseTtlMs: 120_000,
  gapMs: 5_000,
  sessionTtl: "align",
  sessionKey: "session:%s",
  keyPrefix: "presence:",
  topology: "one",
};
const inCluster: Expectations = { ...expected, topology: "cluster" };
const atSentinels: Expectations = { ...expected, topology: "sentinel" };
const info = (lines: Readonly<Record<string, string>>) => new Map(Object.entries(lines));
const outcome = ({ level, found }: { readonly level: string; readonly found: string }) => `${level}: ${found}`;

test.each([
  ["5.0.7", /^problem: Redis 5\.0\.7 does not know ZADD with LT/],
  ["6.0.20", /^problem/],
  ["6.2.14", /^note: Redis 6\.2\.14 works/],
  ["7.0.15", /^ok/],
  ["7.4.1", /^ok/],
  ["10.0.0", /^ok/],
  ["unstable", /^note: Redis does not tell/],
])("version %s", (redis_version, outcomeOf) => {
  expect(outcome(checkVersion(info({ redis_version }), expected))).toMatch(outcomeOf);
});

test("Valkey is told by its own name", () => {
  const found = outcome(checkVersion(info({ redis_version: "7.2.4", server_name: "valkey", valkey_version: "8.0.1" }), expected));
  expect(found).toBe("ok: Valkey 8.0.1, which speaks Redis 7.2.4");
});

test("a cluster needs sharded channels", () => {
  expect(outcome(checkVersion(info({ redis_version: "6.2.14" }), inCluster))).toMatch(/^problem: Redis 6\.2\.14 does not know SPUBLISH/);
  expect(checkVersion(info({ redis_version: "7.0.15" }), inCluster).level).toBe("ok");
});

test.each([
  [{ redis_mode: "cluster", role: "master" }, expected, "problem", "set PRESENCE_REDIS_CLUSTER in the place of REDIS_URL"],
  [{ redis_mode: "cluster", role: "master" }, inCluster, "ok", undefined],
  [{ redis_mode: "cluster", role: "slave" }, inCluster, "problem", "it was a master a moment ago: look again when the failover is over"],
  [{ redis_mode: "sentinel" }, expected, "problem", "set PRESENCE_REDIS_SENTINELS and PRESENCE_REDIS_MASTER in the place of REDIS_URL"],
] as const)("%j where %j is expected", (lines, expectations, level, advice) => {
  expect(checkRole(info(lines), expectations)).toMatchObject({ level, advice });
});

test("a master that stands alone takes writes", () => {
  expect(outcome(checkRole(info({ role: "master", redis_mode: "standalone" }), expected))).toBe("ok: it takes writes");
});

describe("eviction and memory", () => {
  test("what was evicted before is remembered", () => {
    expect(outcome(checkEviction(info({ maxmemory_policy: "noeviction", evicted_keys: "12" })))).toMatch(/^note: .*12 keys/);
  });

  test("a policy without a limit waits for one", () => {
    expect(outcome(checkEviction(info({ maxmemory_policy: "allkeys-lfu", maxmemory: "0" })))).toMatch(
      /^problem: .*As soon as maxmemory is set/,
    );
  });

  test.each([
    [50, /^ok: 50 MB of 100 MB are used \(50 %; maxmemory\)/],
    [85, /^note/],
    [96, /^problem: .*writes are refused when it is full/],
  ])("%i MB of 100", (used, outcomeOf) => {
    const lines = { used_memory: String(used * 1_048_576), maxmemory: String(100 * 1_048_576), total_system_memory: "0" };
    expect(outcome(checkMemory(info(lines)))).toMatch(outcomeOf);
  });

  test("nothing told is a note", () => {
    expect(checkMemory(info({})).level).toBe("note");
    expect(checkEviction(info({})).level).toBe("note");
  });
});

describe("persistence and replication", () => {
  test.each([
    [{ aof_enabled: "1" }, "", /^ok/],
    [{ aof_enabled: "1", aof_last_write_status: "err" }, "", /^problem: the append-only file cannot be written/],
    [{ aof_enabled: "0" }, "", /^note: nothing is kept on disk/],
    [{ aof_enabled: "0", rdb_changes_since_last_save: "1200" }, "3600 1", /^note: snapshots only: a crash now loses 1,200 changes/],
    [{ aof_enabled: "0" }, undefined, /^note: snapshots at most/],
    [{ rdb_last_bgsave_status: "err" }, "", /^note/],
  ])("%j with save %j", (lines, snapshots, outcomeOf) => {
    expect(outcome(checkPersistence(info(lines), snapshots))).toMatch(outcomeOf);
  });

  test("how far replicas are behind is told", () => {
    const lines = { connected_slaves: "2", slave0: "ip=10.0.0.1,state=online,lag=1", slave1: "ip=10.0.0.2,state=online,lag=3" };
    expect(outcome(checkReplication(info(lines), expected))).toMatch(/^ok: 2 replicas, 3 s behind at most; a failover may lose writes/);
    expect(outcome(checkReplication(info({ ...lines, min_slaves_good_slaves: "2" }), expected))).toBe("ok: 2 replicas, 3 s behind at most");
  });
});

test("who could take over is missed only where somebody should", () => {
  const alone = info({ connected_slaves: "0" });
  expect([expected, atSentinels, inCluster].map((one) => checkReplication(alone, one).level)).toEqual(["ok", "note", "note"]);
  const followed = info({ connected_slaves: "1", slave0: "state=online,lag=0" });
  expect(outcome(checkReplication(followed, atSentinels))).toMatch(/^note: .*min-replicas-to-write is not set/);
  expect(checkReplication(followed, inCluster).level).toBe("ok");
});

describe("scripts", () => {
  test.each([
    [[1, 1, 1], "ok"],
    [[30, 30, 30], "note"],
    [[1, 1, 400], "note"],
    [[300, 300, 300], "problem"],
  ])("round trips of %j ms", (times, level) => {
    expect(checkLatency(times).level).toBe(level);
  });

  test("one that blocked Redis long ago is a note", () => {
    expect(checkSlowScripts([{ tookMs: 900, agoMs: 7_200_000 }]).level).toBe("note");
    expect(outcome(checkSlowScripts([{ tookMs: 150, agoMs: 60_000 }]))).toMatch(/^problem: 1 slow script .* took 150 ms, 1 min ago/);
  });
});

describe("time", () => {
  const now = millis(1_800_000_000_000);
  const clock = (changes: Partial<ClockFacts> = {}): ClockFacts => {
    return {
      now,
      tick: millis(now - 100),
      window: undefined,
      blindUntil: millis(0),
      lostAt: millis(0),
      serverTicks: [millis(now - 100), millis(now - 9_000)],
      ...changes,
    };
  };

  test("only servers that tick are counted", () => {
    expect(outcome(checkSweeper(clock(), expected))).toBe("ok: 1 server sweeps; the last time was 100 ms ago");
    expect(checkSweeper(clock({ tick: millis(now - 5_000) }), expected).level).toBe("ok");
    expect(checkSweeper(clock({ tick: millis(now - 5_001) }), expected).level).toBe("problem");
  });

  test("a window is told while it lasts, and how long it is over", () => {
    expect(outcome(checkWindow(clock({ window: { from: millis(now - 1_000), until: millis(now + 60_000) } })))).toMatch(
      /^note: .* in 1 min$/,
    );
    expect(outcome(checkWindow(clock({ window: { from: millis(1), until: millis(now - 60_000) } })))).toBe(
      "ok: the last window ended 1 min ago",
    );
  });

  test.each([
    [0, 0, "ok"],
    [3, 1_000, "ok"],
    [3, 2_000, "note"],
    [3, 10_001, "problem"],
  ])("%i users overdue, the oldest by %i ms", (overdue, lagMs, level) => {
    expect(checkSweepLag({ entries: 9, overdue, lagMs, checked: 0, withoutRecord: 0 }).level).toBe(level);
  });

  test("a clock behind ours is told as well", () => {
    expect(outcome(checkClockOffset({ offsetMs: -5_000, roundTripMs: 1 }))).toMatch(/^note: the clock of Redis is 5 s behind/);
  });
});

test("with everything refused there are notes only, each naming what was refused", () => {
  const refused = { refused: "INFO: NOPERM no permissions" };
  const parts = ["info", "notificationFlags", "snapshots", "offset", "scriptTimes", "slowScripts", "clock", "due", "sample"];
  const facts = Object.fromEntries(parts.map((part) => [part, refused])) as unknown as Facts;
  const findings = judge(facts, expected);
  expect(findings).toHaveLength(18);
  for (const finding of findings) expect(finding).toMatchObject({ level: "note", found: expect.stringContaining("NOPERM") });
});

test("what a cluster cannot tell now is no lack of rights", () => {
  const facts = { clock: { refused: "HGETALL: CLUSTERDOWN The cluster is down" } } as unknown as Facts;
  const rest = { refused: "INFO: NOPERM" };
  const parts = ["info", "notificationFlags", "snapshots", "offset", "scriptTimes", "slowScripts", "due", "sample"];
  const findings = judge({ ...(Object.fromEntries(parts.map((part) => [part, rest])) as unknown as Facts), ...facts }, inCluster);
  expect(findings.find(({ name }) => name === "sweeper")).toMatchObject({
    level: "note",
    advice: expect.stringContaining("cluster-state"),
  });
});

test("quantities are for people", () => {
  expect([0.04, 12.6, 999, 1_500, 61_000, 3_599_990, 90_000_000].map(duration)).toEqual([
    "0 ms",
    "13 ms",
    "1 s",
    "1.5 s",
    "1 min",
    "1 h",
    "1 d",
  ]);
  expect([count(1, "entry", "entries"), count(1_200, "entry", "entries"), count(0, "user")]).toEqual([
    "1 entry",
    "1,200 entries",
    "0 users",
  ]);
});
