import type { PartyId, UserId } from "@presence/domain";
import type { Redis } from "ioredis";
import type { AdapterLog } from "./connection.ts";
import type { Keys } from "./keys.ts";
import { keepPinging } from "./subscriber-pings.ts";

/** A session hash went away. `seen`: its deletion itself was witnessed, rather than its expiration or eviction. */
export type SessionGone = (userId: UserId, seen: boolean) => void;

export interface KeyNotificationsOptions {
  /** A connection of its own, without `autoResubscribe`. */
  readonly connection: Redis;
  /** For `CONFIG`. */
  readonly client: Redis;
  readonly keys: Keys;
  readonly log: AdapterLog;
  readonly onSessionGone: SessionGone;
}

/** Expired, evicted and deleted keys by event, sets by key. */
const neededFlags = "KExegs";
/** Everything that the flag `A` stands for and we need. */
const flagsInA = "xegs";

/**
 * Keyspace notifications: a fast hint that a session is gone or a party has changed. They may be late, lost or switched
 * off, so nothing depends on them.
 */
export class KeyNotifications {
  readonly #options: KeyNotificationsOptions;
  readonly #stopPinging: () => void;
  readonly #events: ReadonlyMap<string, boolean>;
  readonly #parties = new Map<string, Set<() => void>>();
  #warned = false;

  constructor(options: KeyNotificationsOptions) {
    this.#options = options;
    const { connection, log } = options;
    const event = (name: string) => `__keyevent@${this.#db}__:${name}`;
    this.#events = new Map([
      [event("del"), true],
      [event("expired"), false],
      [event("evicted"), false],
    ]);
    connection.on("message", (channel: string, message: string) => this.#receive(channel, message));
    connection.on("ready", () => {
      this.#prepare().catch((error: unknown) => log.warn("keyspace notifications could not be set up; a logout shows at the next sign of life", error));
    });
    this.#stopPinging = keepPinging(connection, (error) => log.warn("the notifications' connection does not answer; connecting again", error));
  }

  /** Calls `changed` when the members of the party may have changed. Returns how to end it. */
  follow(partyId: PartyId, changed: () => void): () => void {
    const channel = this.#partyChannel(partyId);
    const followers = this.#parties.get(channel) ?? new Set();
    this.#parties.set(channel, followers);
    followers.add(changed);
    if (followers.size === 1) this.#send("subscribe", channel);
    return () => {
      followers.delete(changed);
      if (followers.size > 0 || this.#parties.get(channel) !== followers) return;
      this.#parties.delete(channel);
      this.#send("unsubscribe", channel);
    };
  }

  close(): void {
    this.#stopPinging();
    this.#options.connection.disconnect();
  }

  get #db(): number {
    return this.#options.connection.options.db ?? 0;
  }

  #partyChannel(partyId: PartyId): string {
    return `__keyspace@${this.#db}__:${this.#options.keys.party(partyId)}`;
  }

  #receive(channel: string, message: string): void {
    const seen = this.#events.get(channel);
    if (seen === undefined) {
      for (const changed of this.#parties.get(channel) ?? []) changed();
      return;
    }
    const userId = this.#options.keys.userOfSession(message);
    if (userId !== undefined) this.#options.onSessionGone(userId, seen);
  }

  // A hint that is not subscribed is a hint that does not come.
  #send(command: "subscribe" | "unsubscribe", channel: string): void {
    const { connection, log } = this.#options;
    if (connection.status !== "ready") return;
    connection[command](channel).catch((error: unknown) => log.warn(`could not ${command} a party's notifications`, error));
  }

  async #prepare(): Promise<void> {
    const { connection } = this.#options;
    await connection.subscribe(...this.#events.keys(), ...this.#parties.keys());
    // What changed while nobody listened shows now.
    for (const followers of this.#parties.values()) for (const changed of followers) changed();
    await this.#setFlags();
  }

  /** Adds the flags that are missing, and takes none away: others may need them. */
  async #setFlags(): Promise<void> {
    const { client, log } = this.#options;
    let flags = "";
    try {
      const [, current = ""] = (await client.config("GET", "notify-keyspace-events")) as string[];
      const missing = [...neededFlags].filter((flag) => !current.includes(flag) && !(current.includes("A") && flagsInA.includes(flag)));
      if (missing.length === 0) return;
      flags = current + missing.join("");
      await client.config("SET", "notify-keyspace-events", flags);
      log.info(`keyspace notifications switched on: notify-keyspace-events ${flags}`);
    } catch (error) {
      if (this.#warned) return;
      this.#warned = true;
      log.warn(
        `Redis does not let this server set its keyspace notifications; a logout shows at the next sign of life, unless they are on. Run: redis-cli CONFIG SET notify-keyspace-events ${flags || neededFlags}`,
        error,
      );
    }
  }
}
