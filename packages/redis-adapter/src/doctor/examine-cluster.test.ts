import { randomUUID } from "node:crypto";
import { PresenceService, parseDeviceId, parseUserId, presencePolicy, type UserId } from "@presence/domain";
import { type RunningCluster, type RunningRedis, startCluster, startRedis } from "@presence/redis-fixture";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { slotOf } from "../cluster/key-slot.ts";
import { Keys } from "../keys.ts";
import type { RedisAdapter } from "../redis-adapter.ts";
import { readyAdapter } from "../redis-harness.fixture.ts";
import { login } from "../service-on-redis.fixture.ts";
import { examineRedis } from "./examine-redis.ts";
import type { Finding } from "./finding.ts";

const name = randomUUID().slice(0, 8);
const templates = { sessionKey: `${name}:session:%s`, keyPrefix: `${name}:presence:` };
const keys = new Keys({ ...templates, partyKey: `${name}:party:%s` });
const userIds = Array.from({ length: 30 }, (_, index) => parseUserId(`user-${index}`));
const phone = parseDeviceId("phone");

let cluster: RunningCluster;
let addresses: readonly string[];
let adapter: RedisAdapter;
let service: PresenceService;
let others: Cluster;
let sweeping: NodeJS.Timeout;

beforeAll(async () => {
  cluster = await startCluster({ args: ["--appendonly", "yes"] });
  addresses = cluster.addresses.split(",");
  const policy = presencePolicy();
  adapter = await readyAdapter({ cluster: addresses, ...templates, policy });
  service = new PresenceService({ ...adapter, policy });
  others = new Cluster(cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
  for (const userId of userIds) {
    await others.multi().hset(keys.session(userId), login).expire(keys.session(userId), 600).exec();
    await service.connect({ userId, deviceId: phone });
  }
  // As a server does: what fails while a master is away is tried again soon.
  sweeping = setInterval(() => void service.sweep().catch(() => {}), 250);
}, 60_000);
afterAll(async () => {
  clearInterval(sweeping);
  adapter.close();
  others.disconnect();
  await cluster.stop();
});

const examine = () => examineRedis({ cluster: addresses, ...templates });
const nodeOf = ({ port }: RunningRedis) => `127.0.0.1:${port}`;
const problems = (findings: readonly Finding[]) => findings.filter(({ level }) => level === "problem");
const named = (findings: readonly Finding[], check: string) => findings.filter((one) => one.name === check);
const masterOf = async (key: string) => cluster.ownerOf(slotOf(key));
const first = async () => (await cluster.masters())[0] ?? Promise.reject(new Error("no master"));

describe("a cluster in good order", () => {
  test("has no problem; every check of a node names it, and the clock is looked at where it lies", async () => {
    // Until every node has heard who follows whom.
    await vi.waitFor(
      async () => expect(named(await examine(), "connection")[0]?.found).toContain("in a cluster of 3 masters and 3 replicas"),
      {
        timeout: 10_000,
      },
    );
    const findings = await examine();
    expect(problems(findings)).toEqual([]);
    const masters = (await cluster.masters()).map(nodeOf).sort();
    for (const check of ["version", "role", "eviction", "memory", "persistence", "notifications", "slow-scripts", "due-index", "records"]) {
      expect(named(findings, check).map(({ node }) => node)).toEqual(masters);
    }
    for (const check of ["sweeper", "window"]) {
      expect(named(findings, check).map(({ node }) => node)).toEqual([nodeOf(await masterOf(keys.clock))]);
    }
    for (const check of ["connection", "cluster-nodes", "cluster-state", "cluster-failed", "clock-spread"]) {
      expect(named(findings, check)).toMatchObject([{ level: "ok", node: undefined }]);
    }
  });

  test("shows all users, each at the node that holds him", async () => {
    const findings = await examine();
    const seen = named(findings, "records").map(({ found }) => Number(/^(\d+) record/.exec(found)?.[1] ?? 0));
    expect(seen.reduce((sum, number) => sum + number, 0)).toBe(userIds.length);
    expect(seen.every((number) => number > 0)).toBe(true);
  });

  test("is left as it was", async () => {
    const changes = async () =>
      Promise.all(
        (await cluster.masters()).map(
          async (node) => /rdb_changes_since_last_save:\d+/.exec(String(await node.ask("INFO persistence")))?.[0],
        ),
      );
    clearInterval(sweeping);
    await vi.waitFor(async () => {
      const before = await changes();
      await examine();
      expect(await changes()).toEqual(before);
    });
    sweeping = setInterval(() => void service.sweep().catch(() => {}), 250);
  });
});

describe("what is wrong with one node is told of that one:", () => {
  const onlyAt = async (check: string, node: RunningRedis) => {
    const findings = await examine();
    expect(problems(findings).map(({ name, node }) => [name, node])).toEqual([[check, nodeOf(node)]]);
    return problems(findings)[0];
  };

  test("its eviction policy, with the command for it", async () => {
    const node = await first();
    await node.ask("CONFIG SET maxmemory-policy allkeys-lru");
    expect((await onlyAt("eviction", node))?.advice).toContain(
      `redis-cli -h 127.0.0.1 -p ${node.port} CONFIG SET maxmemory-policy noeviction`,
    );
    await node.ask("CONFIG SET maxmemory-policy noeviction");
  });

  test("its notifications", async () => {
    const node = await first();
    await node.ask("CONFIG SET notify-keyspace-events Kx");
    await onlyAt("notifications", node);
    await node.ask("CONFIG SET notify-keyspace-events KExegs");
  });

  test("a record that cannot be read", async () => {
    const user: UserId = parseUserId("broken");
    await others.set(keys.record(user), "1 \u001b[31m");
    await onlyAt("records", await masterOf(keys.record(user)));
    await others.del(keys.record(user));
  });

  test("users without a due entry, though that lies elsewhere", async () => {
    const user = userIds.find((id) => slotOf(keys.record(id)) % 3 === 0) ?? parseUserId("user-0");
    const due = keys.due(keys.partitionOf(user));
    const [score] = [await others.zscore(due, user)];
    await others.zrem(due, user);
    const told = await onlyAt("due-index", await masterOf(keys.record(user)));
    expect(told?.found).toContain(`such as ${user}`);
    await others.zadd(due, String(score), user);
  });

  test("an address that nobody can reach", async () => {
    const node = await first();
    await node.ask("CONFIG SET cluster-announce-ip 127.0.0.77");
    try {
      const wrong = `127.0.0.77:${node.port}`;
      await vi.waitFor(
        async () =>
          expect(named(await examine(), "cluster-nodes")).toMatchObject([
            { level: "problem", node: wrong, advice: expect.stringContaining("cluster-announce-ip") },
          ]),
        { timeout: 10_000, interval: 200 },
      );
    } finally {
      await node.ask("CONFIG SET cluster-announce-ip 127.0.0.1");
      await vi.waitFor(async () => expect(problems(await examine())).toEqual([]), { timeout: 10_000, interval: 200 });
    }
  });
});

test("right after a failover the new master is looked at, and nothing is wrong", { timeout: 60_000 }, async () => {
  const former = await masterOf(keys.clock);
  const heir = await cluster.replicaOf(former);
  await former.kill();
  await vi.waitFor(async () => expect(nodeOf(await masterOf(keys.clock))).toBe(nodeOf(heir)), { timeout: 20_000, interval: 50 });
  await cluster.healthy();
  await vi.waitFor(async () => void (await service.sweep()), { timeout: 5_000 });
  const findings = await examine();
  expect(problems(findings)).toEqual([]);
  expect(named(findings, "role").map(({ node }) => node)).toContain(nodeOf(heir));
  expect(named(findings, "sweeper").map(({ node }) => node)).toEqual([nodeOf(heir)]);
  expect(named(findings, "window")).toMatchObject([{ level: "note", found: expect.stringMatching(/lost writes .* ago, or may have/) }]);
  expect(named(findings, "connection")).toMatchObject([{ level: "note", found: expect.stringContaining(nodeOf(former)) }]);
  expect(named(findings, "cluster-failed")).toMatchObject([{ level: "note", found: expect.stringContaining(nodeOf(former)) }]);
  expect(named(findings, "replication").find(({ node }) => node === nodeOf(heir))).toMatchObject({
    level: "note",
    found: expect.stringMatching(/^no replica/),
  });
  await former.restart();
  await cluster.healthy();
  await vi.waitFor(async () => expect(named(await examine(), "cluster-failed")).toMatchObject([{ level: "ok" }]), { timeout: 10_000 });
});

test("a master that hangs and has no heir is a problem of its own, and the others are looked at", { timeout: 60_000 }, async () => {
  const hanging = await first();
  const heir = await cluster.replicaOf(hanging);
  heir.pause();
  hanging.pause();
  try {
    const findings = await examineRedis({ cluster: addresses, ...templates, commandTimeoutMs: 1_000 });
    expect(problems(findings)).toContainEqual(
      expect.objectContaining({
        name: "cluster-nodes",
        node: nodeOf(hanging),
        found: expect.stringMatching(/^this master cannot be reached/),
      }),
    );
    expect(named(findings, "version")).toHaveLength(2);
    expect(named(findings, "cluster-state")).toMatchObject([{ level: "problem" }]);
  } finally {
    hanging.resume();
    heir.resume();
    await cluster.healthy();
  }
});

test("slots that belong to nobody are a problem", { timeout: 60_000 }, async () => {
  const owner = await cluster.ownerOf(7);
  for (const node of cluster.nodes) await node.ask("CLUSTER DELSLOTS 7").catch(() => undefined);
  expect(named(await examine(), "cluster-state")).toMatchObject([{ level: "problem", found: expect.stringContaining("1 slot of 16,384") }]);
  await owner.ask("CLUSTER ADDSLOTS 7");
  await cluster.healthy();
});

describe("what is no cluster is told so:", () => {
  test("one Redis", async () => {
    const redis = await startRedis();
    try {
      expect(await examineRedis({ cluster: [nodeOf(redis)] })).toMatchObject([
        { name: "connection", level: "problem", node: nodeOf(redis), advice: "set REDIS_URL in the place of PRESENCE_REDIS_CLUSTER" },
      ]);
    } finally {
      await redis.stop();
    }
  });

  test("nobody at all", async () => {
    const findings = await examineRedis({ cluster: ["127.0.0.1:1", "127.0.0.1:2"] });
    expect(findings.map(({ name, level, node }) => [name, level, node])).toEqual([
      ["connection", "problem", "127.0.0.1:1"],
      ["connection", "problem", "127.0.0.1:2"],
    ]);
  });
});
