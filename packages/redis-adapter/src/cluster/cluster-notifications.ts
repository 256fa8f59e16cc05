import type { PartyId } from "@presence/domain";
import type { Cluster } from "ioredis";
import type { KeyNotifications } from "../key-notifications.ts";
import { type NodeKey, ownersOf } from "./connect-cluster.ts";

export interface ClusterNotificationsOptions {
  /** Follows the topology. */
  readonly cluster: Cluster;
  readonly listenTo: (node: NodeKey) => Pick<KeyNotifications, "follow" | "close">;
}

interface Followed {
  readonly partyId: PartyId;
  readonly changed: () => void;
  /** How to end it on each node. */
  readonly ends: Map<NodeKey, () => void>;
}

/** Keyspace notifications stay on the node where they happen: so every master is listened to, whoever is one now. */
export class ClusterNotifications {
  readonly #options: ClusterNotificationsOptions;
  readonly #nodes = new Map<NodeKey, Pick<KeyNotifications, "follow" | "close">>();
  readonly #followed = new Set<Followed>();
  readonly #onRefresh = () => this.#refresh();

  constructor(options: ClusterNotificationsOptions) {
    this.#options = options;
    options.cluster.on("refresh", this.#onRefresh);
  }

  /** Calls `changed` when the members of the party may have changed. Returns how to end it. */
  follow(partyId: PartyId, changed: () => void): () => void {
    const followed: Followed = { partyId, changed, ends: new Map() };
    this.#followed.add(followed);
    for (const [key, node] of this.#nodes) followed.ends.set(key, node.follow(partyId, changed));
    return () => {
      this.#followed.delete(followed);
      for (const end of followed.ends.values()) end();
    };
  }

  close(): void {
    this.#options.cluster.off("refresh", this.#onRefresh);
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
  }

  #refresh(): void {
    const owners = ownersOf(this.#options.cluster);
    for (const [key, node] of this.#nodes) {
      if (owners.has(key)) continue;
      this.#nodes.delete(key);
      for (const { ends } of this.#followed) ends.delete(key);
      node.close();
    }
    for (const key of owners) {
      if (this.#nodes.has(key)) continue;
      const node = this.#options.listenTo(key);
      this.#nodes.set(key, node);
      for (const { partyId, changed, ends } of this.#followed) {
        ends.set(key, node.follow(partyId, changed));
        // What changed before somebody listened there shows now.
        changed();
      }
    }
  }
}
