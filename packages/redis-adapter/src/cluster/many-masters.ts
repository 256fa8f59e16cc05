import { randomUUID } from "node:crypto";
import { connectRedis } from "../connection.ts";
import type { ClusterAddress, Deployment, DeploymentOptions, FeedChannelsOf } from "../deployment.ts";
import { KeyNotifications } from "../key-notifications.ts";
import type { RedisLink } from "../link.ts";
import { ClusterFeed } from "./cluster-feed.ts";
import { clusterLink } from "./cluster-link.ts";
import { ClusterNotifications } from "./cluster-notifications.ts";
import { connectCluster, type NodeKey, ownerOf } from "./connect-cluster.ts";
import { slotOf } from "./key-slot.ts";

/** A cluster: commands wherever their keys are, and a subscriber and a listener for every master. */
export function manyMasters(options: DeploymentOptions & ClusterAddress, channelsOf: FeedChannelsOf): Deployment {
  const { keys, log, onSessionGone, onLost } = options;
  const { cluster, close } = connectCluster(options.cluster, options, log, { onLost });
  const link = clusterLink(cluster);
  const scheme = options.tlsCa === undefined ? "redis" : "rediss";
  const connect = (node: NodeKey, purpose: string) =>
    connectRedis({ ...options, url: `${scheme}://${node}` }, `${purpose} of node ${node}`, log);
  // Any key will do that this node holds; every third or so does.
  const probeKey = (node: NodeKey) => {
    let key = keys.probe(randomUUID());
    for (let attempt = 0; attempt < 1_000 && ownerOf(cluster, slotOf(key)) !== node; attempt++) key = keys.probe(randomUUID());
    return key;
  };
  const commandsOf = (node: NodeKey): RedisLink => ({
    ...link,
    send: (commands) =>
      link
        .holders()
        .find(({ name }) => name === node)
        ?.send(commands) ?? link.send(commands),
  });
  return {
    link,
    notifications: new ClusterNotifications({
      cluster,
      listenTo: (node) =>
        new KeyNotifications({
          connection: connect(node, "notifications"),
          commands: commandsOf(node),
          keys,
          log,
          onSessionGone,
          probeKey: () => probeKey(node),
        }),
    }),
    feed: new ClusterFeed({
      cluster,
      connect: (node) => connect(node, "the feed"),
      channels: channelsOf(link),
      onProblem: (message, error) => log.warn(message, error),
    }),
    close,
  };
}
