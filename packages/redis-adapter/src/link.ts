import type { CheckedMasters } from "./cluster/master-check.ts";

/** One command, with its name in capitals. */
export type Command = readonly [name: string, ...args: (string | number)[]];

/** What one command came to. */
export type Answer = readonly [error: Error | null, value: unknown];

/** One server that holds keys. */
export interface KeyHolder {
  /** Names it among the others, and orders them. */
  readonly name: string;
  send(commands: readonly Command[]): Promise<readonly Answer[]>;
}

/** The way to the keys, wherever they lie: what one Redis and a cluster of them differ in, and nothing else. */
export interface RedisLink {
  /** The database, which the names of channels tell. */
  readonly db: number;
  /** How a script publishes to the channels that the feed subscribes. */
  readonly publish: "PUBLISH" | "SPUBLISH";
  /** Whether all keys lie together: commands are carried out in the order in which they are sent, and one script may touch many users. */
  readonly together: boolean;
  /**
   * Sends all commands in one round trip. Those that failed say so in their place.
   * @throws Error where nothing was sent, or no answer came
   */
  send(commands: readonly Command[]): Promise<readonly Answer[]>;
  /** How many commands have been sent and not been answered. */
  waiting(): number;
  /** Everyone who holds keys now. */
  holders(): readonly KeyHolder[];
  /** Makes sure, before a tick, that everyone who holds keys is there. @throws PresenceError `UNAVAILABLE` */
  checkMasters(): Promise<CheckedMasters>;
}
