import { randomUUID } from "node:crypto";
import { PresenceService, parseDeviceId, parseUserId, presencePolicy } from "@presence/domain";
import { type RunningRedis, type RunningSentinels, startRedis, startSentinels } from "@presence/redis-fixture";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RedisAdapter } from "../redis-adapter.ts";
import { readyAdapter } from "../redis-harness.fixture.ts";
import { examineRedis } from "./examine-redis.ts";
import type { Finding } from "./finding.ts";
import { byName } from "./patient.fixture.ts";

const name = randomUUID().slice(0, 8);
const templates = { sessionKey: `${name}:session:%s`, keyPrefix: `${name}:presence:` };

let group: RunningSentinels;
let sentinels: readonly string[];
let adapter: RedisAdapter;
let service: PresenceService;
let sweeping: NodeJS.Timeout;

beforeAll(async () => {
  group = await startSentinels({ args: ["--appendonly", "yes", "--min-replicas-to-write", "1", "--min-replicas-max-lag", "10"] });
  sentinels = group.addresses.split(",");
  const policy = presencePolicy();
  adapter = await readyAdapter({ sentinels, master: group.masterName, ...templates, policy });
  service = new PresenceService({ ...adapter, policy });
  for (const user of ["alice", "bob"]) await service.connect({ userId: parseUserId(user), deviceId: parseDeviceId("phone") });
  // As a server does: what fails while there is no master is tried again soon.
  sweeping = setInterval(() => void service.sweep().catch(() => {}), 250);
}, 60_000);
afterAll(async () => {
  clearInterval(sweeping);
  adapter.close();
  await group.stop();
});

const examine = async (master = group.masterName) => byName(await examineRedis({ sentinels, master, ...templates }));
const nodeOf = ({ port }: RunningRedis) => `127.0.0.1:${port}`;
const problems = (findings: ReadonlyMap<string, Finding>) => [...findings.values()].filter(({ level }) => level === "problem");

test("a master in good order has no problem, nor have its sentinels, and each finding about it names it", async () => {
  const findings = await examine();
  const master = nodeOf(await group.master());
  expect(problems(findings)).toEqual([]);
  expect(findings.get("sentinels")).toMatchObject({ level: "ok", found: `3 of 3 sentinels name ${master}, quorum 2` });
  expect(findings.get("sentinel-replicas")).toMatchObject({ level: "ok", found: "2 replicas can take over" });
  expect(findings.get("replication")).toMatchObject({
    level: "ok",
    node: master,
    found: expect.stringMatching(/^2 replicas, .* behind at most$/),
  });
  expect(findings.get("records")).toMatchObject({ node: master, found: "2 records read" });
});

test("a master that may go on alone is a note", async () => {
  const master = await group.master();
  await master.ask("CONFIG SET min-replicas-to-write 0");
  expect((await examine()).get("replication")).toMatchObject({
    level: "note",
    found: expect.stringContaining("min-replicas-to-write is not set"),
  });
  await master.ask("CONFIG SET min-replicas-to-write 1");
});

test("a replica that is gone is a note", async () => {
  const replica = group.servers[2];
  await replica?.kill();
  await vi.waitFor(
    async () =>
      expect((await examine()).get("sentinel-replicas")).toMatchObject({
        level: "note",
        found: expect.stringMatching(/^1 replica can take over; 127/),
      }),
    { timeout: 10_000, interval: 200 },
  );
  await replica?.restart();
  await vi.waitFor(async () => expect((await examine()).get("sentinel-replicas")?.level).toBe("ok"), { timeout: 20_000, interval: 200 });
});

test("right after a failover the new master is looked at, and nothing is wrong", { timeout: 60_000 }, async () => {
  const former = await group.master();
  await former.kill();
  const heir = await group.failedOver(former);
  // Until a server has found it and the other replica follows it.
  await vi.waitFor(async () => void (await service.sweep()), { timeout: 10_000, interval: 50 });
  const findings = await examine();
  expect(problems(findings)).toEqual([]);
  expect(findings.get("connection")).toMatchObject({ level: "ok", node: nodeOf(heir) });
  expect(findings.get("sentinels")?.found).toContain(nodeOf(heir));
  expect(findings.get("window")).toMatchObject({ level: "note", found: expect.stringContaining("lost writes") });
  await former.restart();
  // The new master ends the connections of the sentinels, which may take it for down until they are back.
  await vi.waitFor(async () => expect((await examine()).get("sentinels")?.level).toBe("ok"), { timeout: 20_000, interval: 200 });
});

test("a sentinel that is away is a note while the others suffice, and a problem when they do not", { timeout: 60_000 }, async () => {
  const [, second, third] = group.sentinels;
  await third?.kill();
  expect((await examine()).get("sentinels")).toMatchObject({ level: "note", found: expect.stringContaining("no answer from") });
  await second?.kill();
  await vi.waitFor(
    async () => expect((await examine()).get("sentinels")).toMatchObject({ level: "problem", found: expect.stringContaining("NOQUORUM") }),
    { timeout: 15_000, interval: 200 },
  );
  await Promise.all([second?.restart(), third?.restart()]);
});

test("a name that the sentinels do not know is told, with the one that they do", async () => {
  expect([...(await examine("mymaster")).values()]).toMatchObject([
    { name: "sentinels", level: "problem", found: `the sentinels know no master mymaster: they know ${group.masterName}` },
  ]);
});

test("one Redis is no sentinel, nobody is none, and a sentinel is no Redis", async () => {
  const redis = await startRedis();
  try {
    expect(await examineRedis({ sentinels: [nodeOf(redis)], master: "x" })).toMatchObject([
      { level: "problem", found: `${nodeOf(redis)} is no sentinel` },
    ]);
    expect(await examineRedis({ sentinels: ["127.0.0.1:1"], master: "x" })).toMatchObject([{ name: "sentinels", level: "problem" }]);
    const asRedis = byName(await examineRedis({ url: `redis://${sentinels[0]}` }));
    expect(asRedis.get("role")).toMatchObject({ level: "problem", advice: expect.stringContaining("PRESENCE_REDIS_SENTINELS") });
  } finally {
    await redis.stop();
  }
});
