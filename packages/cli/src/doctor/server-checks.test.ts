import type { Stats } from "@presence/client";
import { describe, expect, it } from "vitest";
import { Failure } from "../failure.ts";
import { judgeServer, type ServerExpectations, withoutRedis } from "./server-checks.ts";

const stats: Stats = {
  counts: { ONLINE: 1, AWAY: 0, DND: 0, OFFLINE: 0 },
  devices: 1,
  watchStreams: 0,
  sweepLagMs: 12.4,
  feed: "LIVE",
  uptimeMs: 90_000,
  version: "1.0.0",
  store: "redis",
};
const expected: ServerExpectations = { server: "127.0.0.1:50051", version: "1.0.0", redis: "named" };

/** Name and level of each finding. */
function levels(changes: Partial<Stats>, different: Partial<ServerExpectations> = {}): Readonly<Record<string, string>> {
  const findings = judgeServer({ stats: { ...stats, ...changes } }, { ...expected, ...different });
  return Object.fromEntries(findings.map(({ name, level }) => [name, level]));
}

const allOk = { server: "ok", "server-store": "ok", "server-feed": "ok", "server-sweep-lag": "ok" };

describe("a server that answers", () => {
  it("is all right where it works on Redis, is live and in time", () => {
    expect(levels({})).toEqual(allOk);
    expect(judgeServer({ stats }, expected)[0]?.found).toBe("127.0.0.1:50051 answers: version 1.0.0, up for 90s, 1 device");
  });

  it.each([
    [{ version: "0.9.0" }, {}, { server: "note" }],
    [{ store: "memory" }, {}, { "server-store": "problem" }],
    [{ store: "memory" }, { redis: "not-named" }, { "server-store": "note" }],
    [{ feed: "STALE" }, {}, { "server-feed": "problem" }],
    [{ feed: undefined }, {}, { "server-feed": "note" }],
    [{ sweepLagMs: 2_000 }, {}, { "server-sweep-lag": "note" }],
    [{ sweepLagMs: 20_000 }, {}, { "server-sweep-lag": "problem" }],
  ] as const)("with %j, where %j is expected", (changes, different, changed) => {
    expect(levels(changes, different)).toEqual({ ...allOk, ...changed });
  });
});

describe("a server that does not answer", () => {
  it("is a problem, with what to do and how to leave it out", () => {
    const failure = new Failure(1, "no server answers at 127.0.0.1:50051", "start one");
    expect(judgeServer({ failure }, expected)).toEqual([
      { name: "server", node: undefined, level: "problem", found: failure.message, advice: "start one; or leave it out with --no-server" },
    ]);
  });

  it("in time is told to look at Redis", () => {
    const cause = Object.assign(new Error("late"), { code: "DEADLINE_EXCEEDED" });
    const [finding] = judgeServer({ failure: new Failure(1, "too late", "a change may have happened", cause) }, expected);
    expect(finding?.advice).toMatch(/^see the checks latency/);
  });
});

describe("without a Redis to look at", () => {
  it("nothing is wrong only if the server has none either", () => {
    expect(withoutRedis({ stats: { ...stats, store: "memory" } }).level).toBe("note");
    expect(withoutRedis({ stats })).toMatchObject({ level: "problem", advice: expect.stringContaining("--redis") });
    expect(withoutRedis(undefined).level).toBe("problem");
  });
});
