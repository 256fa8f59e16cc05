import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Millis, millis, parseUserId, presencePolicy, watchGapMs } from "@presence/domain";
import { type History, replay } from "@presence/domain/history";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../config.ts";
import { type RunningServer, startServer } from "../running-server.fixture.ts";

let redis: RunningRedis;
let observer: Redis;
let directory: string;

beforeAll(async () => {
  redis = await startRedis();
  observer = new Redis(redis.url);
});
afterAll(async () => {
  observer.disconnect();
  await redis.stop();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "presence-trace-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const lease = { PRESENCE_LEASE_TTL: "3s", PRESENCE_HEARTBEAT: "1s", PRESENCE_GRACE: "1s", PRESENCE_IDLE_AFTER: "2s" };
const pathOf = (server: string) => join(directory, `${server}.jsonl`);
const textOf = (server: string) => readFileSync(pathOf(server), "utf8");

function start(server: string): Promise<RunningServer> {
  return startServer({ REDIS_URL: redis.url, PRESENCE_TRACE_FILE: pathOf(server), ...lease });
}

async function redisTime(): Promise<Millis> {
  const [seconds, micros] = await observer.time();
  return millis(Number(seconds) * 1_000 + Number(micros) / 1_000);
}

/** What a reader was told between two instants of Redis. */
interface Told {
  readonly user: string;
  readonly status: string;
  readonly since: number | undefined;
  readonly version: number;
  readonly from: Millis;
  readonly until: Millis;
}

/** A write counts as of when it was decided, and may arrive so many milliseconds later: whoever reads meanwhile is told what was before. */
const gapMs = watchGapMs(presencePolicy({ leaseTtlMs: 3_000, heartbeatIntervalMs: 1_000, graceMs: 1_000 }));

/** How long before the answer the replay says the same, and whether it doubts anything of that time; undefined: it never does. */
function agreement(
  history: History,
  { user, status, since, version, from, until }: Told,
): { lateMs: number; doubtful: boolean } | undefined {
  let doubtful = false;
  for (let at: number = until; at >= from - gapMs; at--) {
    const answer = history.explain(parseUserId(user), millis(at));
    if (answer.kind === "unreached") continue;
    doubtful ||= answer.doubts.length > 0;
    const { presence } = answer.explanation;
    if (presence.version === version && presence.status === status && presence.since === since) {
      return { lateMs: Math.max(0, from - at), doubtful };
    }
  }
  return undefined;
}

/** Whether a later write has the same millisecond, or one before: then no instant of a replay shows what was told meanwhile. */
function wasBrief(lines: readonly string[], { user, status, version }: Told): boolean {
  const writes = lines.filter((line) => line.includes(`"${user}"`)).map((line) => JSON.parse(line));
  const told = writes.filter(({ record }) => record?.version === version && record.status === status);
  return (
    told.length > 0 && told.every(({ at, record: { revision } }) => writes.some((later) => revisionOf(later) > revision && later.at <= at))
  );
}

const revisionOf = ({ revision, record }: { revision?: number; record?: { revision: number } }): number =>
  revision ?? record?.revision ?? 0;

describe("two servers on one Redis, with their traces switched on", () => {
  test("a replay of both says what every reader was told", async () => {
    const servers = [await start("one"), await start("two")];
    const users = ["alice", "bob", "carol", "dave", "erin", "frank"];
    const told: Told[] = [];
    const pick = <Entry>(entries: readonly Entry[]): Entry => {
      const entry = entries[Math.floor(Math.random() * entries.length)];
      if (entry === undefined) throw new Error("nothing to pick from");
      return entry;
    };

    async function read(): Promise<void> {
      const from = await redisTime();
      const { presences } = await pick(servers).client.call("BatchGetPresence", { user_ids: users });
      const until = await redisTime();
      for (const { user_id: user, status, since, version } of presences) {
        const sinceMs = since === null ? undefined : since.seconds * 1_000 + Math.round(since.nanos / 1e6);
        told.push({ user, status: status.slice("STATUS_".length), since: sinceMs, version, from, until });
      }
    }

    function act(): Promise<unknown> {
      const { client } = pick(servers);
      const device = { user_id: pick(users), device_id: pick(["phone", "desktop"]) };
      const calls: readonly (() => Promise<unknown>)[] = [
        () => client.call("Connect", device),
        () => client.call("Heartbeat", { ...device, idle_for: { seconds: 1, nanos: 0 } }),
        () => client.call("Heartbeat", device),
        () =>
          client.call("SetStatus", { ...device, status: pick(["STATUS_DND", "STATUS_AWAY", "STATUS_ONLINE"]), message: "a secret text" }),
        () => client.call("SetStatus", { ...device, status: "STATUS_DND", expires_in: { seconds: 0, nanos: 5e8 } }),
        () => client.call("Disconnect", device),
      ];
      // A device that has left is refused, which is an answer too.
      return pick(calls)().catch(({ code }: { code: number }) => expect(code).toBe(9));
    }

    const end = performance.now() + 5_000;
    while (performance.now() < end) {
      await Promise.all([act(), act(), read()]);
      await sleep(Math.random() * 40);
    }
    // Then silence: leases end by time alone, and sweeps write it down.
    for (const silenceEnd = performance.now() + 4_000; performance.now() < silenceEnd; await sleep(100)) await read();
    for (const server of servers) await server.close();

    const lines = [...textOf("one").split("\n"), ...textOf("two").split("\n")];
    const history = replay(textOf("one").split("\n"), textOf("two").split("\n"));
    const sum = { answers: 0, brief: 0, certain: 0, atOnce: 0 };
    for (const telling of told) {
      // Of a user whom nobody had written down before there is nothing to say.
      if (telling.version === 0) continue;
      const agreed = agreement(history, telling);
      if (agreed === undefined && wasBrief(lines, telling)) {
        sum.brief++;
        continue;
      }
      expect({ ...telling, agrees: agreed !== undefined }).toEqual({ ...telling, agrees: true });
      sum.answers++;
      if (agreed?.doubtful === false) sum.certain++;
      if (agreed?.lateMs === 0) sum.atOnce++;
    }
    console.info(`${JSON.stringify(sum)}, with ${lines.length} lines of ${lines.join("").length} characters`);
    expect(sum.brief).toBeLessThan(0.2 * sum.answers);
    expect(sum.certain).toBeGreaterThan(0.5 * sum.answers);
    expect(lines.join("\n")).not.toContain("secret");
    expect(lines.join("\n")).not.toContain("127.0.0.1");
    expect(told.some(({ status }) => status === "OFFLINE")).toBe(true);
  }, 40_000);

  test("a Redis that goes away fails no trace, and what nobody could see is doubtful", async () => {
    const server = await start("one");
    await server.client.call("Connect", { user_id: "gina", device_id: "phone" });
    await observer.call("CLIENT", "PAUSE", "2500", "ALL");
    await server.client
      .call("Heartbeat", { user_id: "gina", device_id: "phone" })
      .catch(({ code }: { code: number }) => expect(code).toBe(14));
    await sleep(3_000);
    const { presence } = await server.client.call("GetPresence", { user_id: "gina" });
    await server.close();
    const history = replay(textOf("one").split("\n"));
    const answer = history.explain(parseUserId("gina"), history.until);
    expect(answer).toMatchObject({ kind: "answer", explanation: { presence: { version: presence.version, status: "ONLINE" } } });
    expect(answer).toMatchObject({ doubts: [{ reason: "outcome-unknown" }] });
  }, 20_000);
});

describe("the file", () => {
  test("is for its owner alone, begins with the server's policy and ends with its end", async () => {
    const server = await start("one");
    await server.client.call("Connect", { user_id: "alice", device_id: "phone" });
    await server.close();
    expect(statSync(pathOf("one")).mode & 0o777).toBe(0o600);
    const lines = textOf("one")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ kind: "start", format: 1, store: "redis", policy: { leaseTtlMs: 3_000 } });
    expect(lines.at(-1)).toMatchObject({ kind: "end" });
  });

  test("is none where nobody asks for it", async () => {
    const server = await startServer({ REDIS_URL: redis.url, ...lease });
    await server.client.call("Connect", { user_id: "alice", device_id: "phone" });
    await server.close();
    expect(existsSync(pathOf("one"))).toBe(false);
    expect(server.log()).not.toContain("recorded");
  });

  test.each([
    ["in no directory", () => join(directory, "nowhere", "trace.jsonl")],
    ["that is a directory", () => directory],
  ])("%s stops the start, and says so", (_, path) => {
    expect(() => readConfig({ PRESENCE_TRACE_FILE: path() })).toThrow(ConfigError);
    expect(() => readConfig({ PRESENCE_TRACE_FILE: path() })).toThrow(/PRESENCE_TRACE_FILE is ".*"; it must be a file in a directory/);
  });
});
