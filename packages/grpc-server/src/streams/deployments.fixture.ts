import { type RunningRedis, startCluster, startRedis, startSentinels } from "@presence/redis-fixture";
import { Cluster, Redis } from "ioredis";

/** A Redis of one kind, as a server is told of it, and as the other services reach it. */
export interface RunningDeployment {
  readonly environment: Readonly<Record<string, string>>;
  readonly others: Redis | Cluster;
  flush(): Promise<void>;
  /** Ends every connection that is subscribed to anything. */
  cutSubscribers(): Promise<void>;
  /** Nobody of it answers, but connections stay open. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface TestDeployment {
  readonly name: string;
  start(): Promise<RunningDeployment>;
}

function running(
  nodes: readonly RunningRedis[],
  masters: () => Promise<readonly RunningRedis[]>,
  others: Redis | Cluster,
  rest: Pick<RunningDeployment, "environment" | "stop">,
): RunningDeployment {
  const all = async (command: string) => void (await Promise.all((await masters()).map((master) => master.ask(command))));
  return {
    ...rest,
    others,
    flush: () => all("FLUSHALL"),
    cutSubscribers: () => all("CLIENT KILL TYPE pubsub"),
    pause() {
      for (const node of nodes) node.pause();
    },
    resume() {
      for (const node of nodes) node.resume();
    },
    async stop() {
      others.disconnect();
      await rest.stop();
    },
  };
}

/** Every kind of Redis that a server works on. */
export const deployments: readonly TestDeployment[] = [
  {
    name: "one Redis",
    async start() {
      const redis = await startRedis();
      const rest = { environment: { REDIS_URL: redis.url }, stop: () => redis.stop() };
      return running([redis], async () => [redis], new Redis(redis.url), rest);
    },
  },
  {
    name: "a cluster",
    async start() {
      // It may stand still for some seconds without a failover.
      const cluster = await startCluster({ nodeTimeoutMs: 15_000 });
      const others = new Cluster(cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
      const rest = { environment: { PRESENCE_REDIS_CLUSTER: cluster.addresses }, stop: () => cluster.stop() };
      return running(cluster.nodes, () => cluster.masters(), others, rest);
    },
  },
  {
    name: "a sentinel's master",
    async start() {
      const group = await startSentinels({ downAfterMs: 15_000 });
      const master = await group.master();
      const environment = { PRESENCE_REDIS_SENTINELS: group.addresses, PRESENCE_REDIS_MASTER: group.masterName };
      return running(group.servers, async () => [master], new Redis(master.url), { environment, stop: () => group.stop() });
    },
  },
];
