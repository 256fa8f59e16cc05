import { setTimeout as sleep } from "node:timers/promises";
import { type RunningCluster, type RunningRedis, startCluster, startSentinels } from "@presence/redis-fixture";
import { Cluster } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Finished, type PresenceServer, runBuilt, startPresenceServer } from "../processes.fixture.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const lines = ({ stdout }: Finished) => stdout.trimEnd().split("\n");
const nodeOf = ({ port }: RunningRedis) => `127.0.0.1:${port}`;

/** Asks until the server knows where its Redis is again; a change may meet the failover. */
async function done(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  for (const deadline = performance.now() + 20_000; ; await sleep(200)) {
    const finished = await runBuilt(argv, env);
    if (finished.exitCode === 0 || performance.now() > deadline) return finished;
  }
}

describe("on a cluster", () => {
  const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
  let cluster: RunningCluster;
  let server: PresenceServer;
  let env: Readonly<Record<string, string>>;
  let others: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ args: ["--appendonly", "yes"] });
    const named = { PRESENCE_REDIS_CLUSTER: cluster.addresses };
    server = await startPresenceServer(named);
    env = { ...named, PRESENCE_SERVER: server.address };
    others = new Cluster(cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
    for (const user of users) {
      const session = `session:${user}`;
      await others.multi().hset(session, "sessionId", "s", "name", user).expire(session, 3_600).exec();
    }
    const [first, ...rest] = users;
    expect(await done(["set", first ?? "", "dnd"], env)).toMatchObject({ exitCode: 0, stderr: "" });
    for (let from = 0; from < rest.length; from += 4) {
      const set = await Promise.all(rest.slice(from, from + 4).map((user) => runBuilt(["set", user, "dnd"], env)));
      expect(set.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    }
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    others.disconnect();
    await cluster.stop();
  });

  const spread = async () =>
    Promise.all((await cluster.masters()).map(async (node) => ((await node.ask("KEYS presence:{session:*")) as string[]).length));

  async function everybodyIsTold(): Promise<void> {
    const listed = await done(["list", "--all"], env);
    expect(listed).toMatchObject({ exitCode: 0, stderr: "" });
    expect(lines(listed).map((line) => line.split("\t").slice(0, 2))).toEqual(expect.arrayContaining(users.map((user) => [user, "DND"])));
    expect(lines(listed)).toHaveLength(users.length);
    const paged = await done(["list", "--limit", "7"], env);
    expect(new Set(lines(paged)).size).toBe(7);
    const stats = await done(["stats", "--json"], env);
    expect(JSON.parse(stats.stdout)).toMatchObject({ counts: { DND: users.length, ONLINE: 0, AWAY: 0 }, store: "redis" });
  }

  it("list and stats tell of the users of every master, and the doctor finds nothing wrong", { timeout: 60_000 }, async () => {
    expect((await spread()).every((held) => held > 0)).toBe(true);
    await everybodyIsTold();
    const looked = await runBuilt(["doctor"], env);
    expect(looked).toMatchObject({ exitCode: 0, stderr: "" });
    for (const node of await cluster.masters()) expect(looked.stdout).toContain(`eviction\tok\t${nodeOf(node)}: noeviction`);
    expect(looked.stdout).toMatch(/^server-store\tok\tredis/m);
    expect(looked.stdout).toMatch(/^cluster-state\tok\t/m);
  });

  it("a problem names its node", { timeout: 60_000 }, async () => {
    const [node] = await cluster.masters();
    if (node === undefined) throw new Error("no master");
    await node.ask("CONFIG SET maxmemory-policy allkeys-lru");
    const looked = await runBuilt(["doctor", "--json"], env);
    expect(looked).toMatchObject({ exitCode: 1, stderr: `presence: 1 problem: eviction of ${nodeOf(node)}\n` });
    const findings = lines(looked).map((line) => JSON.parse(line) as { name: string; node: string | null; level: string });
    expect(findings.filter(({ level }) => level === "problem")).toMatchObject([{ name: "eviction", node: nodeOf(node) }]);
    expect(findings.find(({ name }) => name === "cluster-state")?.node).toBeNull();
    await node.ask("CONFIG SET maxmemory-policy noeviction");
  });

  it("all of it holds after a failover", { timeout: 90_000 }, async () => {
    const [former] = await cluster.masters();
    if (former === undefined) throw new Error("no master");
    const heir = await cluster.replicaOf(former);
    await former.kill();
    await cluster.healthy();
    await everybodyIsTold();
    const looked = await runBuilt(["doctor"], env);
    expect(looked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(looked.stdout).toContain(`role\tok\t${nodeOf(heir)}: it takes writes`);
    expect(looked.stdout).toMatch(new RegExp(`^connection\tnote\t.*${nodeOf(former)}`, "m"));
  });
});

describe("at sentinels", () => {
  it("the doctor looks at the master that they name, and at the next one after a failover", { timeout: 90_000 }, async () => {
    const group = await startSentinels({ args: ["--appendonly", "yes", "--min-replicas-to-write", "1"] });
    cleanUps.push(() => group.stop());
    const named = { PRESENCE_REDIS_SENTINELS: group.addresses, PRESENCE_REDIS_MASTER: group.masterName };
    const server = await startPresenceServer(named);
    cleanUps.push(() => server.stop());
    const env = { ...named, PRESENCE_SERVER: server.address };
    expect(await done(["set", "alice", "dnd"], env)).toMatchObject({ exitCode: 0 });
    const former = await group.master();
    const before = await runBuilt(["doctor"], env);
    expect(before).toMatchObject({ exitCode: 0, stderr: "" });
    expect(before.stdout).toContain(`connection\tok\t${nodeOf(former)}: connected`);
    await former.kill();
    const heir = await group.failedOver(former);
    expect((await done(["list", "--all"], env)).stdout).toMatch(/^alice\tDND\t/);
    // Until the other replica follows the new master, that is a problem.
    const after = await done(["doctor"], env);
    expect(after).toMatchObject({ exitCode: 0, stderr: "" });
    expect(after.stdout).toContain(`connection\tok\t${nodeOf(heir)}: connected`);
    expect(after.stdout).toMatch(/^records\tok\t\S+ 1 record read/m);
  });
});
