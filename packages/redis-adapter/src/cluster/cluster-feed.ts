import type { FeedListener, PresenceFeed, UserId } from "@presence/domain";
import type { Cluster, Redis } from "ioredis";
import { type FeedChannels, RedisPresenceFeed } from "../redis-presence-feed.ts";
import { shardedSubscriptions } from "../subscriptions.ts";
import { type NodeKey, ownerOf } from "./connect-cluster.ts";
import { slotOf } from "./key-slot.ts";

export interface ClusterFeedOptions {
  /** Follows the topology. */
  readonly cluster: Cluster;
  /** A connection of its own to one node, without `autoResubscribe`. */
  readonly connect: (node: NodeKey) => Redis;
  readonly channels: FeedChannels;
  readonly onProblem: (message: string, error: unknown) => void;
}

interface Followed {
  readonly userId: UserId;
  /** Undefined while no node serves the slot. */
  node: NodeKey | undefined;
}

/** Changes by sharded pub/sub: a feed for each node, and each user followed on the node that serves his slot. */
export class ClusterFeed implements PresenceFeed {
  readonly #options: ClusterFeedOptions;
  readonly #nodes = new Map<NodeKey, RedisPresenceFeed>();
  /** By slot. */
  readonly #users = new Map<number, Map<UserId, Followed>>();
  #listener: FeedListener | undefined;
  readonly #onRefresh = () => this.#follow();

  constructor(options: ClusterFeedOptions) {
    this.#options = options;
    options.cluster.on("refresh", this.#onRefresh);
  }

  listen(listener: FeedListener): void {
    this.#listener = listener;
  }

  subscribe(userIds: readonly UserId[]): void {
    const { channels, cluster } = this.#options;
    const wanted = userIds.map((userId) => {
      const slot = slotOf(channels.channelOf(userId));
      const followed: Followed = { userId, node: ownerOf(cluster, slot) };
      const own = this.#users.get(slot);
      if (own === undefined) this.#users.set(slot, new Map([[userId, followed]]));
      else own.set(userId, followed);
      return followed;
    });
    this.#subscribe(wanted);
  }

  unsubscribe(userIds: readonly UserId[]): void {
    const unwanted = userIds.map((userId): Followed => {
      const slot = slotOf(this.#options.channels.channelOf(userId));
      const own = this.#users.get(slot);
      const node = own?.get(userId)?.node;
      own?.delete(userId);
      if (own?.size === 0) this.#users.delete(slot);
      return { userId, node };
    });
    for (const [node, own] of byNode(unwanted)) this.#nodes.get(node)?.unsubscribe(own);
  }

  close(): void {
    this.#options.cluster.off("refresh", this.#onRefresh);
    for (const feed of this.#nodes.values()) feed.close();
    this.#nodes.clear();
  }

  /** The topology may have changed: whose slot is served elsewhere now is followed there. In between is a gap. */
  #follow(): void {
    const moved: Followed[] = [];
    const left: Followed[] = [];
    const needed = new Set<NodeKey>();
    for (const [slot, users] of this.#users) {
      const owner = ownerOf(this.#options.cluster, slot);
      if (owner !== undefined) needed.add(owner);
      for (const followed of users.values()) {
        if (followed.node === owner) continue;
        left.push({ ...followed });
        followed.node = owner;
        moved.push(followed);
      }
    }
    if (moved.length > 0) this.#listener?.broken(moved.map(({ userId }) => userId));
    for (const [node, own] of byNode(left)) this.#nodes.get(node)?.unsubscribe(own);
    for (const [node, feed] of this.#nodes) {
      if (needed.has(node)) continue;
      this.#nodes.delete(node);
      feed.close();
    }
    this.#subscribe(moved);
  }

  #subscribe(users: readonly Followed[]): void {
    for (const [node, own] of byNode(users)) this.#feedOf(node).subscribe(own);
  }

  #feedOf(node: NodeKey): RedisPresenceFeed {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const { connect, channels, onProblem, cluster } = this.#options;
    const connection = connect(node);
    // A slot that is not served here any more: who serves it shows in the next topology, and better at once.
    connection.on("moved", () => cluster.refreshSlotsCache());
    const feed = new RedisPresenceFeed({ connection, channels, onProblem, subscriptions: shardedSubscriptions });
    this.#nodes.set(node, feed);
    feed.listen({
      subscribed: (userIds) => this.#listener?.subscribed(userIds),
      changed: (presence) => this.#listener?.changed(presence),
      broken: () => {
        const own = this.#usersOf(node);
        if (own.length > 0) this.#listener?.broken(own);
      },
    });
    return feed;
  }

  #usersOf(node: NodeKey): readonly UserId[] {
    const own: UserId[] = [];
    for (const users of this.#users.values()) for (const followed of users.values()) if (followed.node === node) own.push(followed.userId);
    return own;
  }
}

function byNode(users: readonly Followed[]): ReadonlyMap<NodeKey, readonly UserId[]> {
  const groups = new Map<NodeKey, UserId[]>();
  for (const { userId, node } of users) {
    if (node === undefined) continue;
    const own = groups.get(node);
    if (own === undefined) groups.set(node, [userId]);
    else own.push(userId);
  }
  return groups;
}
