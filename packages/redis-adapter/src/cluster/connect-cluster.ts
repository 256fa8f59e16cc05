import { Cluster, type Redis } from "ioredis";
import { type AdapterLog, type ConnectionSettings, connectionSettings, hostOf, portOf, retryDelayMs } from "../connection.ts";
import { keepPinging } from "../connection-pings.ts";

/** `host:port`. */
export type NodeKey = string;

export interface ClusterEvents {
  /** The connection to a node is lost: what that node says next may be another's word. */
  onLost(): void;
}

/** So that a slot that has moved is noticed before anybody misses much. */
const refreshEveryMs = 1_000;
const maxRedirections = 6;
const redirectDelayMs = 50;

/** Connects to every node of a cluster that answers, beginning with `addresses`; commands fail fast, as on one Redis. */
export function connectCluster(
  addresses: readonly NodeKey[],
  options: ConnectionSettings,
  log: AdapterLog,
  { onLost }: ClusterEvents,
): { readonly cluster: Cluster; close(): void } {
  const startupNodes = addresses.map((address) => ({ host: hostOf(address), port: portOf(address) }));
  const cluster = new Cluster(startupNodes, {
    redisOptions: connectionSettings(options),
    enableOfflineQueue: false,
    slotsRefreshInterval: refreshEveryMs,
    slotsRefreshTimeout: refreshEveryMs,
    clusterRetryStrategy: retryDelayMs,
    clusterNodeRetryStrategy: retryDelayMs,
    maxRedirections,
    retryDelayOnTryAgain: redirectDelayMs,
    // A failover is no redirection: whoever sent the command decides anew.
    retryDelayOnClusterDown: 0,
    retryDelayOnFailover: 0,
  });
  // Before anybody else hears of it.
  cluster.on("refresh", () => ownersOfNow.delete(cluster));
  const pings = new Map<Redis, () => void>();
  cluster.on("+node", (node: Redis) => {
    // The adapter's own end has no listeners left; a node that goes is noticed here only.
    node.on("close", onLost);
    pings.set(
      node,
      keepPinging(node, 2, () => log.warn(`the cluster's node ${keyOf(node)} does not answer; connecting again`)),
    );
  });
  cluster.on("-node", (node: Redis) => {
    pings.get(node)?.();
    pings.delete(node);
  });
  let away = false;
  cluster.on("error", (error: unknown) => {
    if (!away) log.warn("no node of the cluster can be reached; trying again until there is one", error);
    away = true;
  });
  cluster.on("ready", () => {
    if (away) log.info("connected to the cluster again");
    away = false;
  });
  return {
    cluster,
    close() {
      for (const stop of pings.values()) stop();
      cluster.disconnect();
    },
  };
}

/** The node that serves this slot, as far as the client knows; undefined while nobody does. */
export function ownerOf(cluster: Cluster, slot: number): NodeKey | undefined {
  return cluster.slots[slot]?.[0];
}

/** Looking through all slots takes a millisecond: once a topology, not once a call. */
const ownersOfNow = new WeakMap<Cluster, ReadonlySet<NodeKey>>();

/** Every node that serves slots, as far as the client knows. */
export function ownersOf(cluster: Cluster): ReadonlySet<NodeKey> {
  const known = ownersOfNow.get(cluster);
  if (known !== undefined) return known;
  const owners = new Set(cluster.slots.flatMap((nodes) => nodes?.[0] ?? []));
  if (owners.size > 0) ownersOfNow.set(cluster, owners);
  return owners;
}

export function nodeOf(cluster: Cluster, key: NodeKey): Redis | undefined {
  return cluster.nodes("all").find((node) => keyOf(node) === key);
}

export function keyOf({ options }: Redis): NodeKey {
  return `${options.host}:${options.port}`;
}
