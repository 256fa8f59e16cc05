import { setTimeout as sleep } from "node:timers/promises";
import { type RunningCluster, type RunningSentinels, startCluster, startSentinels } from "@presence/redis-fixture";
import { Cluster, Redis } from "ioredis";
import { Changes } from "../changes.ts";
import { deliveries } from "../deliveries.ts";
import { milliseconds, percentile } from "../figures.ts";
import type { Timing } from "../timing.ts";
import { type Backend, World } from "../world.ts";
import type { Row } from "./row.ts";

type Client = Pick<Cluster | Redis, "disconnect"> & { hset(key: string, fields: object): Promise<number> };

const changesEveryMs = 20;
const target = "false OFFLINE 0, missed 0, regressions 0";

interface TopologyFault<Running> {
  readonly name: string;
  readonly fault: string;
  /** Acknowledged writes may be lost with the one who held them. */
  readonly lostWrites: boolean;
  strike(redis: Running, timing: Timing): Promise<void>;
}

/** A fault of more than one Redis, under users who live, users who fall silent, and changes all the while. */
function rowOf<Running>(
  start: () => Promise<{ readonly redis: Running; readonly backend: Backend; connect(): Promise<Client> }>,
  { name, fault, lostWrites, strike }: TopologyFault<Running>,
): Row {
  return {
    name,
    fault,
    target,
    async play(timing) {
      const { redis, backend, connect } = await start();
      const world = await World.start({ timing, backend });
      const users = world.living.map(({ user }) => user);
      await logIn(await connect(), users);
      const changes = new Changes({ users, channels: world.channels, recorder: world.recorder });
      try {
        changes.start(changesEveryMs);
        await sleep(timing.heartbeatMs);
        await world.fade();
        const struckAt = performance.now();
        await strike(redis, timing);
        await world.until("an answer after the fault", () => world.reader.lastAnswerAt > struckAt, 2 * timing.leaseMs);
        await world.fade();
        await sleep(timing.heartbeatMs);
        await changes.stop();
        const lies = await world.verdict(lostWrites);
        const delays = deliveries(world.recorder.entries);
        const healed = `healed within ${milliseconds(percentile(delays, 1))}`;
        return { lies, figures: `${changes.count} changes; ${healed}, p99 ${milliseconds(percentile(delays, 0.99))}; ${world.summary()}` };
      } finally {
        await changes.stop();
        await world.close();
      }
    },
  };
}

/** What the auth service does: sessions beside the records, which move, die and come back with them. */
async function logIn(client: Client, users: readonly string[]): Promise<void> {
  const fields = { sessionId: "s1", name: "somebody", roles: "user" };
  try {
    await Promise.all(users.map((user) => client.hset(`session:${user}`, fields)));
  } finally {
    client.disconnect();
  }
}

async function aCluster() {
  const redis = await startCluster();
  const backend: Backend = { environment: { PRESENCE_REDIS_CLUSTER: redis.addresses }, stop: () => redis.stop() };
  return { redis, backend, connect: async () => new Cluster(redis.nodes.map(({ port }) => ({ host: "127.0.0.1", port }))) };
}

async function sentinels() {
  const redis = await startSentinels();
  const environment = { PRESENCE_REDIS_SENTINELS: redis.addresses, PRESENCE_REDIS_MASTER: redis.masterName };
  const backend: Backend = { environment, stop: () => redis.stop() };
  return { redis, backend, connect: async () => new Redis((await redis.master()).url) };
}

const onCluster: readonly TopologyFault<RunningCluster>[] = [
  {
    name: "cluster-master-killed",
    fault: "Cluster: a master killed under load, its replica promoted",
    lostWrites: true,
    async strike(cluster) {
      const [victim] = await cluster.masters();
      await victim?.kill();
      await cluster.healthy();
      await victim?.restart();
    },
  },
  {
    name: "cluster-failover",
    fault: "Cluster: every master handed over in turn (CLUSTER FAILOVER)",
    lostWrites: true,
    async strike(cluster) {
      for (const master of await cluster.masters()) {
        const replica = await cluster.replicaOf(master);
        await replica.ask("CLUSTER FAILOVER");
        await sleep(500);
        await cluster.healthy();
      }
    },
  },
  {
    name: "cluster-lossy-failover",
    fault: "Cluster: a replica promoted that lacks the last second of writes",
    lostWrites: true,
    async strike(cluster) {
      const [victim] = await cluster.masters();
      if (victim === undefined) throw new Error("no master");
      const replica = await cluster.replicaOf(victim);
      // The replica hears nothing for a second; what was acknowledged meanwhile dies with the master.
      replica.pause();
      await sleep(800);
      await victim.kill();
      replica.resume();
      await cluster.healthy();
      await victim.restart();
    },
  },
  {
    name: "cluster-migration",
    fault: "Cluster: every slot of a master that holds keys moved under load, and back",
    lostWrites: false,
    async strike(cluster) {
      const [first, second] = await cluster.masters();
      if (first === undefined || second === undefined) throw new Error("fewer than two masters");
      const slots = await slotsOf(first);
      for (const slot of slots) await cluster.migrate(slot, second);
      for (const slot of slots) await cluster.migrate(slot, first);
    },
  },
];

const onSentinels: readonly TopologyFault<RunningSentinels>[] = [
  {
    name: "sentinel-master-killed",
    fault: "Sentinel: the master killed under load",
    lostWrites: true,
    async strike(group) {
      const former = await group.master();
      await former.kill();
      await group.failedOver(former);
      await former.restart();
    },
  },
  {
    name: "sentinel-lossy-failover",
    fault: "Sentinel: a replica promoted that lacks the last second of writes",
    lostWrites: true,
    async strike(group) {
      const former = await group.master();
      const replicas = group.servers.filter((server) => server !== former);
      for (const replica of replicas) replica.pause();
      await sleep(800);
      await former.kill();
      for (const replica of replicas) replica.resume();
      await group.failedOver(former);
      await former.restart();
    },
  },
];

/** The slots of all keys that this node holds: records, due sets, claims, perhaps the clock. */
async function slotsOf(node: { ask(command: string): Promise<unknown> }): Promise<readonly number[]> {
  const keys = (await node.ask("KEYS *")) as readonly string[];
  const slots = await Promise.all(keys.map(async (key) => Number(await node.ask(`CLUSTER KEYSLOT ${key}`))));
  return [...new Set(slots)];
}

export const topologies: readonly Row[] = [
  ...onCluster.map((fault) => rowOf(aCluster, fault)),
  ...onSentinels.map((fault) => rowOf(sentinels, fault)),
];
