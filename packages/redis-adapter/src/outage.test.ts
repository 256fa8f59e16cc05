import { millis, type PresencePolicy, parsePartyId, presencePolicy } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RedisAdapter, redisAdapter } from "./redis-adapter.ts";
import { aCommit, alice, aRecord, aRenewal, entriesOf, put } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let adapter: RedisAdapter;
let warnings: string[];

beforeEach(async () => {
  redis = await startRedis();
  warnings = [];
});
afterEach(async () => {
  adapter.close();
  await redis.stop();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function connect(policy: PresencePolicy = presencePolicy()): void {
  const log = { info: () => {}, warn: (message: string) => warnings.push(message) };
  adapter = redisAdapter({ url: redis.url, policy, log });
}

/** How many milliseconds it took until a read succeeded. */
async function recovery(): Promise<number> {
  const start = performance.now();
  for (;;) {
    try {
      await adapter.store.load([alice]);
      return performance.now() - start;
    } catch {
      if (performance.now() - start > 10_000) throw new Error("no recovery");
      await sleep(10);
    }
  }
}

/** Fails unless each call does, UNAVAILABLE and within `withinMs`. */
async function expectUnavailable(withinMs: number): Promise<void> {
  const { store, sessions, parties } = adapter;
  const now = millis(Date.now());
  const calls = {
    load: () => store.load([alice]),
    loadForChange: () => store.loadForChange([alice]),
    commit: () => store.commit([aCommit(alice, aRecord(now), now)]),
    renew: () => store.renew([aRenewal(alice)]),
    claimDue: () => store.claimDue(10),
    finishDue: () => store.finishDue([{ userId: alice, due: undefined, keepForMs: undefined }]),
    scan: () => store.scan(undefined, 10),
    find: () => sessions.find(alice),
    members: () => parties.members(parsePartyId("lobby")),
    isMember: () => parties.isMember(parsePartyId("lobby"), alice),
  };
  await Promise.all(
    Object.entries(calls).map(async ([name, call]) => {
      const start = performance.now();
      await expect(call(), name).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterMs: expect.any(Number) });
      expect(performance.now() - start, name).toBeLessThan(withinMs);
    }),
  );
}

describe("without Redis", () => {
  test("a server starts, fails at once, and works as soon as Redis is there", async () => {
    await redis.kill();
    connect();
    await sleep(300);
    await expectUnavailable(100);
    await redis.restart();
    expect(await recovery()).toBeLessThan(2_000);
    expect(warnings.filter((message) => message.includes("for commands"))).toHaveLength(1);
  });

  test("that went away, calls fail at once, and work again when it is back", async () => {
    connect();
    await recovery();
    await redis.kill();
    await sleep(50);
    await expectUnavailable(100);
    await sleep(1_500);
    await expectUnavailable(100);
    await redis.restart();
    expect(await recovery()).toBeLessThan(2_000);
  });

  test("an adapter can be closed, connected or not", async () => {
    await redis.kill();
    connect();
    adapter.close();
    await sleep(50);
    await expectUnavailable(100);
  });
});

describe("a Redis that stalls", () => {
  test("fails each call within the command's time, and answers again as soon as it can", async () => {
    connect();
    await recovery();
    redis.pause();
    await expectUnavailable(700);
    redis.resume();
    expect(await recovery()).toBeLessThan(500);
    expect(warnings).toEqual([]);
  });

  test("for long is given up: calls fail at once, nothing piles up, and a new connection is made when it goes on", async () => {
    connect();
    await recovery();
    redis.pause();
    const start = performance.now();
    while (!warnings.some((message) => message.includes("for commands does not answer"))) {
      await expectUnavailable(700);
      expect(performance.now() - start).toBeLessThan(5_000);
    }
    await expectUnavailable(100);
    redis.resume();
    expect(await recovery()).toBeLessThan(2_000);
  });

  test("carries out no write that has been given up, though it still gets it", async () => {
    // Its gap is 225 ms: what it is asked while it stalls for half a second is too old then.
    connect(presencePolicy({ leaseTtlMs: 900, heartbeatIntervalMs: 300, graceMs: 300 }));
    await recovery();
    const before = await put(adapter, alice);
    const { now } = (await adapter.store.load([])).moment;
    redis.pause();
    const late = adapter.store.commit([aCommit(alice, { ...before, revision: 2, status: "DND" }, now)]);
    await expect(late).rejects.toMatchObject({ code: "UNAVAILABLE" });
    redis.resume();
    await recovery();
    expect(await entriesOf(adapter.store.load([alice]))).toEqual([before]);
  });
});

test("a wrong password is told in words, not taken for an outage of Redis", async () => {
  await redis.stop();
  redis = await startRedis({ args: ["--requirepass", "secret"] });
  const reasons: unknown[] = [];
  adapter = redisAdapter({
    url: redis.url,
    password: "wrong",
    policy: presencePolicy(),
    log: { info: () => {}, warn: (_, error) => reasons.push(error) },
  });
  await sleep(200);
  await expectUnavailable(700);
  expect(String(reasons[0])).toContain("WRONGPASS");
  adapter.close();
  adapter = redisAdapter({ url: redis.url, password: "secret", policy: presencePolicy() });
  await recovery();
});
