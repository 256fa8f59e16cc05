import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const slotCount = 16_384;
const readyTimeoutMs = 30_000;

export interface StartClusterOptions {
  /** Default 3, each with one replica. */
  readonly masters?: number;
  /** Replicas of each master; default 1. */
  readonly replicas?: number;
  /** When a node that does not answer counts as failed, in milliseconds; default 1,000. */
  readonly nodeTimeoutMs?: number;
  /** More arguments of every `redis-server`. */
  readonly args?: readonly string[];
}

/** A real Redis Cluster on loopback. */
export interface RunningCluster {
  /** Masters first, in the order of their slots; then the replicas. Who is what may change. */
  readonly nodes: readonly RunningRedis[];
  /** `host:port` of every node, separated by commas. */
  readonly addresses: string;
  /** The nodes that are masters now, in no particular order. */
  masters(): Promise<readonly RunningRedis[]>;
  /** A replica of this master that is in step with it. */
  replicaOf(master: RunningRedis): Promise<RunningRedis>;
  /** The node that owns the slot. */
  ownerOf(slot: number): Promise<RunningRedis>;
  /** Moves a slot with all its keys, as resharding does it. Resolves when every node knows. */
  migrate(slot: number, to: RunningRedis): Promise<void>;
  /** Resolves when every slot is served, and replicas follow their masters. @throws Error after 30 s */
  healthy(): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  readonly redis: RunningRedis;
  readonly id: string;
}

/**
 * Starts a cluster and forms it. It does not outlive this process.
 * @throws Error where Redis is not installed or the cluster does not come up
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<RunningCluster> {
  const { masters = 3, replicas = 1, nodeTimeoutMs = 1_000, args = [] } = options;
  const nodes = await Promise.all(Array.from({ length: masters * (1 + replicas) }, () => startNode(nodeTimeoutMs, args)));
  try {
    await form(nodes, masters);
    const cluster = running(nodes);
    await cluster.healthy();
    return cluster;
  } catch (error) {
    await Promise.all(nodes.map(({ redis }) => redis.stop()));
    throw error;
  }
}

async function startNode(nodeTimeoutMs: number, args: readonly string[]): Promise<Node & { readonly busPort: number }> {
  const busPort = await freePort();
  const clustered = [
    ...["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-announce-ip", "127.0.0.1"],
    ...["--cluster-port", String(busPort), "--cluster-node-timeout", String(nodeTimeoutMs)],
    // A replica that lost its link a while ago may still be promoted: better an old master than none.
    ...["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"],
  ];
  const redis = await startRedis({ args: [...clustered, ...args] });
  return { redis, busPort, id: String(await redis.ask("CLUSTER MYID")) };
}

async function form(nodes: readonly (Node & { readonly busPort: number })[], masters: number): Promise<void> {
  const first = nodes[0];
  if (first === undefined) throw new Error("a cluster needs a node");
  for (const [index, { redis }] of nodes.entries()) {
    await redis.ask(`CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
    if (index < masters) {
      const [from, to] = [index, index + 1].map((part) => Math.floor((part * slotCount) / masters));
      await redis.ask(`CLUSTER ADDSLOTSRANGE ${from} ${(to ?? 0) - 1}`);
    }
  }
  for (const { redis, busPort } of nodes.slice(1)) await first.redis.ask(`CLUSTER MEET 127.0.0.1 ${redis.port} ${busPort}`);
  await until("every node knows all others", async () => {
    const known = await Promise.all(nodes.map(async ({ redis }) => String(await redis.ask("CLUSTER INFO"))));
    return known.every((info) => info.includes(`cluster_known_nodes:${nodes.length}`) && info.includes("cluster_state:ok"));
  });
  for (const [index, { redis }] of nodes.slice(masters).entries()) await redis.ask(`CLUSTER REPLICATE ${nodes[index % masters]?.id ?? ""}`);
}

function running(nodes: readonly Node[]): RunningCluster {
  const alive = async (): Promise<readonly (Node & { readonly lines: readonly string[] })[]> => {
    const asked = await Promise.all(
      nodes.map(async (node) => {
        const text = await node.redis.ask("CLUSTER NODES").catch(() => undefined);
        return text === undefined ? [] : [{ ...node, lines: String(text).trim().split("\n") }];
      }),
    );
    return asked.flat();
  };
  const own = (lines: readonly string[]) => lines.find((line) => line.includes("myself")) ?? "";
  const masters = async () => (await alive()).filter(({ lines }) => own(lines).includes("master") && own(lines).split(" ").length > 8);
  const byId = (id: string | undefined): Node => nodes.find((node) => node.id === id) ?? raise(`no node ${id}`);
  const ownerOf = async (slot: number): Promise<Node> => {
    const owner = (await masters()).find(({ lines }) => rangesOf(own(lines)).some(([from, to]) => slot >= from && slot <= to));
    return owner ?? raise(`nobody serves slot ${slot}`);
  };
  return {
    nodes: nodes.map(({ redis }) => redis),
    addresses: nodes.map(({ redis }) => `127.0.0.1:${redis.port}`).join(","),
    masters: async () => (await masters()).map(({ redis }) => redis),
    async replicaOf(master) {
      const { id } = nodes.find(({ redis }) => redis === master) ?? raise("no node of this cluster");
      let found: Node | undefined;
      await until("a replica in step", async () => {
        for (const node of await alive()) {
          if (!own(node.lines).includes(`slave ${id}`)) continue;
          if (String(await node.redis.ask("INFO replication")).includes("master_link_status:up")) found = node;
        }
        return found !== undefined;
      });
      return found?.redis ?? raise("no replica");
    },
    ownerOf: async (slot) => (await ownerOf(slot)).redis,
    async migrate(slot, to) {
      const from = await ownerOf(slot);
      const target = nodes.find(({ redis }) => redis === to) ?? raise("no node of this cluster");
      if (from.id === target.id) return;
      await target.redis.ask(`CLUSTER SETSLOT ${slot} IMPORTING ${from.id}`);
      await from.redis.ask(`CLUSTER SETSLOT ${slot} MIGRATING ${target.id}`);
      for (;;) {
        const keys = (await from.redis.ask(`CLUSTER GETKEYSINSLOT ${slot} 100`)) as readonly string[];
        if (keys.length === 0) break;
        await from.redis.ask(`MIGRATE 127.0.0.1 ${to.port}  0 5000 KEYS ${keys.join(" ")}`);
      }
      // The new owner first, so that there is always one; then everyone else, who would hear of it by gossip only.
      await target.redis.ask(`CLUSTER SETSLOT ${slot} NODE ${target.id}`);
      for (const node of await masters()) await node.redis.ask(`CLUSTER SETSLOT ${slot} NODE ${target.id}`);
    },
    async healthy() {
      await until("the cluster is healthy", async () => {
        const all = await alive();
        const infos = await Promise.all(all.map(async ({ redis }) => String(await redis.ask("CLUSTER INFO"))));
        if (infos.some((info) => !info.includes("cluster_state:ok") || !info.includes(`cluster_slots_ok:${slotCount}`))) return false;
        const replicas = all.filter(({ lines }) => own(lines).includes("slave"));
        const links = await Promise.all(replicas.map(async ({ redis }) => String(await redis.ask("INFO replication"))));
        return links.every((info) => info.includes("master_link_status:up")) && (await masters()).length > 0;
      });
    },
    stop: async () => void (await Promise.all(nodes.map(({ redis }) => redis.stop()))),
  };
  function raise(what: string): never {
    throw new Error(`${what} (${nodes.map(({ id }) => byId(id).redis.port).join(", ")})`);
  }
}

/** The slots at the end of a line of `CLUSTER NODES`. */
function rangesOf(line: string): readonly (readonly [from: number, to: number])[] {
  return line
    .split(" ")
    .slice(8)
    .filter((word) => /^\d/.test(word))
    .map((word) => {
      const [from = 0, to = from] = word.split("-").map(Number);
      return [from, to] as const;
    });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + readyTimeoutMs; ; await sleep(50)) {
    if (await holds().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`not in ${readyTimeoutMs} ms: ${what}`);
  }
}
