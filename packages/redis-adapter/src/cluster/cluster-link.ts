import type { Cluster } from "ioredis";
import type { KeyHolder, RedisLink } from "../link.ts";
import { sendToCluster, sendToNode } from "./cluster-send.ts";
import { nodeOf, ownersOf } from "./connect-cluster.ts";
import { MasterCheck } from "./master-check.ts";

/** Many masters, each with the keys of its slots. */
export function clusterLink(cluster: Cluster): RedisLink {
  const masters = new MasterCheck(cluster);
  return {
    db: 0,
    publish: "SPUBLISH",
    together: false,
    send: (commands) => sendToCluster(cluster, commands),
    waiting: () => [...ownersOf(cluster)].reduce((sum, key) => sum + (nodeOf(cluster, key)?.commandQueue.length ?? 0), 0),
    holders: () =>
      [...ownersOf(cluster)].sort().map((name): KeyHolder => ({ name, send: (commands) => sendToNode(cluster, name, commands) })),
    checkMasters: () => masters.check(),
  };
}
