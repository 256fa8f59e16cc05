import type { PresenceFeed } from "@presence/domain";
import type { AdapterLog, ConnectionSettings, SentinelAddress, StandaloneAddress } from "./connection.ts";
import type { KeyNotifications, SessionGone } from "./key-notifications.ts";
import type { Keys } from "./keys.ts";
import type { RedisLink } from "./link.ts";
import type { FeedChannels } from "./redis-presence-feed.ts";

/** A Redis Cluster. */
export interface ClusterAddress {
  /** `host:port` of some of its nodes; the others are learned from them. */
  readonly cluster: readonly string[];
}

/** Where Redis is: one, a master that sentinels name, or a cluster. */
export type RedisAddress = StandaloneAddress | SentinelAddress | ClusterAddress;

export interface DeploymentOptions extends ConnectionSettings {
  readonly keys: Keys;
  readonly log: AdapterLog;
  readonly onSessionGone: SessionGone;
  /** A connection was lost: nothing is decided before the next tick. */
  readonly onLost: () => void;
}

/** The connections that an adapter needs, for one kind of Redis. */
export interface Deployment {
  readonly link: RedisLink;
  readonly notifications: Pick<KeyNotifications, "follow" | "close">;
  readonly feed: PresenceFeed & { close(): void };
  close(): void;
}

/** How users map to channels, and messages to presences, is the same everywhere. */
export type FeedChannelsOf = (link: RedisLink) => FeedChannels;
