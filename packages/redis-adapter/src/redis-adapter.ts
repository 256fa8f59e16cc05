import { randomUUID } from "node:crypto";
import type { PartyDirectory, PresencePolicy, PresenceStore, SessionDirectory, SessionTtlPolicy } from "@presence/domain";
import { type AdapterLog, connectRedis, type RedisConnectionOptions } from "./connection.ts";
import { keepPinging } from "./connection-pings.ts";
import { decodeEvent } from "./event-text.ts";
import { KeyNotifications, type SessionGone } from "./key-notifications.ts";
import { defaultTemplates, Keys, type KeyTemplates } from "./keys.ts";
import { RedisClock } from "./redis-clock.ts";
import { RedisPartyDirectory, RedisSessionDirectory } from "./redis-directories.ts";
import { RedisPresenceFeed } from "./redis-presence-feed.ts";
import { RedisPresenceStore } from "./redis-presence-store.ts";

export interface RedisAdapterOptions extends RedisConnectionOptions, Partial<KeyTemplates> {
  readonly policy: PresencePolicy;
  /** Default `align`. */
  readonly sessionTtl?: SessionTtlPolicy;
  /** How long a sweeper may take for the users that it has claimed; default 5 s. */
  readonly claimMs?: number;
  /** A session hash went away: a hint, for `PresenceService.sessionEnded`. */
  readonly onSessionGone?: SessionGone;
  readonly log?: AdapterLog;
}

/** Everything a `PresenceService` and a watch hub need, on one Redis. */
export interface RedisAdapter {
  readonly store: PresenceStore;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  /** For one watch hub. */
  readonly feed: RedisPresenceFeed;
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
  const client = connectRedis(options, "commands", log);
  const serverId = randomUUID();
  const clock = new RedisClock({ client, keys, policy, serverId });
  client.on("close", () => clock.invalidate());
  // Two misses: a Redis that is busy for a second comes back sooner than a new connection.
  const stopPinging = keepPinging(client, 2, () => log.warn("the connection for commands does not answer; connecting again"));
  const notifications = new KeyNotifications({
    connection: connectRedis(options, "notifications", log),
    commands: client,
    keys,
    log,
    onSessionGone,
  });
  const db = client.options.db ?? 0;
  const feed = new RedisPresenceFeed({
    connection: connectRedis(options, "the feed", log),
    channels: { channelOf: (userId) => keys.channel(userId, db), decode: decodeEvent },
    onProblem: (message, error) => log.warn(message, error),
  });
  return {
    store: new RedisPresenceStore({ client, keys, clock, policy, sessionTtl, serverId, claimMs }),
    sessions: new RedisSessionDirectory(client, keys),
    parties: new RedisPartyDirectory(client, keys, (partyId, changed) => notifications.follow(partyId, changed)),
    feed,
    close() {
      feed.close();
      notifications.close();
      stopPinging();
      client.disconnect();
    },
  };
}
