import type { Redis } from "ioredis";
import type { Command, RedisLink } from "./link.ts";
import { roundTrip } from "./round-trip.ts";

export interface NotificationProbe {
  /** Subscribed to the events of deleted and expired keys already. */
  readonly listener: Redis;
  /** Where commands can be sent. */
  readonly commands: RedisLink;
  /** A key that nobody else uses, for some milliseconds. */
  readonly key: string;
}

/** How long Redis may take to tell what it does. */
const patienceMs = 2_000;
const retryMs = 50;

/**
 * What of all that we need Redis does not tell: its settings cannot always be read, so it is put to the test.
 * @throws PresenceError where the test cannot be made
 */
export async function missingNotifications({ listener, commands, key }: NotificationProbe): Promise<readonly string[]> {
  const db = listener.options.db ?? 0;
  const keyspace = `__keyspace@${db}__:${key}`;
  const open = new Map([
    [`${keyspace} sadd`, "changes of parties (flags Ks)"],
    [`__keyevent@${db}__:del ${key}`, "deleted sessions (flags Eg)"],
    [`__keyevent@${db}__:expired ${key}`, "expired sessions (flags Ex)"],
  ]);
  const hear = (channel: string, message: string) => void open.delete(`${channel} ${message}`);
  listener.on("message", hear);
  try {
    await listener.subscribe(keyspace);
    await patiently(() =>
      roundTrip(commands, [
        ["SADD", key, "probe"],
        ["DEL", key],
        ["SET", key, "probe", "PX", 1],
      ] satisfies Command[]),
    );
    for (const end = performance.now() + patienceMs; open.size > 0 && performance.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      // A key that is over is gone when somebody asks for it, or some time later.
      await roundTrip(commands, [["GET", key]]);
    }
    await listener.unsubscribe(keyspace);
    return [...open.values()];
  } finally {
    listener.off("message", hear);
  }
}

/** At a start the other connection may come up a moment later. */
async function patiently(attempt: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + patienceMs; ; ) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
