import { randomUUID } from "node:crypto";
import type { PartyDirectory, PresenceFeed, PresencePolicy, PresenceStore, SessionDirectory, SessionTtlPolicy } from "@presence/domain";
import { manyMasters } from "./cluster/many-masters.ts";
import type { AdapterLog, ConnectionSettings } from "./connection.ts";
import type { Deployment, DeploymentOptions, FeedChannelsOf, RedisAddress } from "./deployment.ts";
import { decodeEvent } from "./event-text.ts";
import type { SessionGone } from "./key-notifications.ts";
import { defaultTemplates, Keys, type KeyTemplates } from "./keys.ts";
import { oneMaster } from "./one-master.ts";
import { RedisClock } from "./redis-clock.ts";
import { RedisPartyDirectory, RedisSessionDirectory } from "./redis-directories.ts";
import { RedisPresenceStore } from "./redis-presence-store.ts";

export interface RedisAdapterSettings extends ConnectionSettings, Partial<KeyTemplates> {
  readonly policy: PresencePolicy;
  /** Default `align`. */
  readonly sessionTtl?: SessionTtlPolicy;
  /** How long a sweeper may take for the users that it has claimed; default 5 s. */
  readonly claimMs?: number;
  /** A session hash went away: a hint, for `PresenceService.sessionEnded`. */
  readonly onSessionGone?: SessionGone;
  readonly log?: AdapterLog;
}

export type RedisAdapterOptions = RedisAddress & RedisAdapterSettings;

/** Everything a `PresenceService` and a watch hub need, on one Redis or many. */
export interface RedisAdapter {
  readonly store: PresenceStore;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  /** For one watch hub. */
  readonly feed: PresenceFeed & { close(): void };
  /** Ends all connections. */
  close(): void;
}

const silent: AdapterLog = { info: () => {}, warn: () => {} };

/**
 * Connects in the background: calls fail with `UNAVAILABLE` until Redis is there, and again while it is away.
 * @throws PresenceError `INVALID_ARGUMENT` naming a key template that cannot be used
 */
export function redisAdapter(options: RedisAdapterOptions): RedisAdapter {
  const { policy, sessionTtl = "align", claimMs = 5_000, onSessionGone = () => {}, log = silent } = options;
  const keys = new Keys({
    sessionKey: options.sessionKey ?? defaultTemplates.sessionKey,
    partyKey: options.partyKey ?? defaultTemplates.partyKey,
    keyPrefix: options.keyPrefix ?? defaultTemplates.keyPrefix,
  });
  const serverId = randomUUID();
  let clock: RedisClock | undefined;
  const onLost = () => clock?.invalidate();
  const deployment = deploy({ ...options, keys, log, onSessionGone, onLost });
  const { link, notifications, feed } = deployment;
  clock = new RedisClock({ link, keys, policy, serverId });
  return {
    store: new RedisPresenceStore({ link, keys, clock, policy, sessionTtl, serverId, claimMs }),
    sessions: new RedisSessionDirectory(link, keys),
    parties: new RedisPartyDirectory(link, keys, (partyId, changed) => notifications.follow(partyId, changed)),
    feed,
    close() {
      feed.close();
      notifications.close();
      deployment.close();
    },
  };
}

/** The one place that asks which kind of Redis it is. */
function deploy(options: DeploymentOptions & RedisAddress): Deployment {
  const channelsOf: FeedChannelsOf = ({ db }) => ({ channelOf: (userId) => options.keys.channel(userId, db), decode: decodeEvent });
  return "cluster" in options ? manyMasters(options, channelsOf) : oneMaster(options, channelsOf);
}
