import { connectRedis, type SentinelAddress, type StandaloneAddress } from "./connection.ts";
import { keepPinging } from "./connection-pings.ts";
import type { Deployment, DeploymentOptions, FeedChannelsOf } from "./deployment.ts";
import { KeyNotifications } from "./key-notifications.ts";
import { RedisPresenceFeed } from "./redis-presence-feed.ts";
import { standaloneLink } from "./standalone-link.ts";

/** One Redis, or the master that sentinels name: three connections to it. */
export function oneMaster(options: DeploymentOptions & (StandaloneAddress | SentinelAddress), channelsOf: FeedChannelsOf): Deployment {
  const { keys, log, onSessionGone, onLost } = options;
  const client = connectRedis(options, "commands", log);
  client.on("close", onLost);
  // Two misses: a Redis that is busy for a second comes back sooner than a new connection.
  const stopPinging = keepPinging(client, 2, () => log.warn("the connection for commands does not answer; connecting again"));
  const link = standaloneLink(client);
  return {
    link,
    notifications: new KeyNotifications({
      connection: connectRedis(options, "notifications", log),
      commands: link,
      keys,
      log,
      onSessionGone,
    }),
    feed: new RedisPresenceFeed({
      connection: connectRedis(options, "the feed", log),
      channels: channelsOf(link),
      onProblem: (message, error) => log.warn(message, error),
    }),
    close() {
      stopPinging();
      client.disconnect();
    },
  };
}
