import { randomUUID } from "node:crypto";
import type { PartyId, UserId } from "@presence/domain";
import { type Redis, ReplyError } from "ioredis";
import type { AdapterLog } from "./connection.ts";
import { keepPinging } from "./connection-pings.ts";
import type { Keys } from "./keys.ts";
import type { RedisLink } from "./link.ts";
import { withNeededFlags } from "./notification-flags.ts";
import { missingNotifications } from "./notification-probe.ts";

/** A session hash went away. `seen`: its deletion itself was witnessed, rather than its expiration or eviction. */
export type SessionGone = (userId: UserId, seen: boolean) => void;

export interface KeyNotificationsOptions {
  /** A connection of its own, without `autoResubscribe`. */
  readonly connection: Redis;
  /** Another one, for commands: a subscriber can send none. */
  readonly commands: RedisLink;
  readonly keys: Keys;
  readonly log: AdapterLog;
  readonly onSessionGone: SessionGone;
  /** A key that this Redis holds, and that nobody else uses; default: any. */
  readonly probeKey?: () => string;
}

/** What the flags should be, and why we may not set them. */
interface Setting {
  readonly wanted: string;
  readonly refusal: unknown;
}

/**
 * Keyspace notifications: a fast hint that a session is gone or a party has changed. They may be late, lost or switched
 * off, so nothing depends on them.
 */
export class KeyNotifications {
  readonly #options: KeyNotificationsOptions;
  readonly #stopPinging: () => void;
  readonly #events: ReadonlyMap<string, boolean>;
  readonly #parties = new Map<string, Set<() => void>>();
  /** This connection listens already; until then it may still have to send CONFIG, which a subscriber cannot. */
  #listening = false;
  #warned = false;

  constructor(options: KeyNotificationsOptions) {
    this.#options = options;
    const { connection, log } = options;
    const event = (name: string) => `__keyevent@${this.#db}__:${name}`;
    // Never a pattern over session keys: with `g` each expiration that anyone sets would reach every server.
    this.#events = new Map([
      [event("del"), true],
      [event("expired"), false],
      [event("evicted"), false],
    ]);
    connection.on("message", (channel: string, message: string) => this.#receive(channel, message));
    connection.on("close", () => {
      this.#listening = false;
    });
    connection.on("ready", () => {
      this.#listen().catch((error: unknown) => {
        if (connection.status !== "ready") return;
        log.warn("could not listen to keyspace notifications; trying again with a new connection", error);
        connection.stream.destroy();
      });
    });
    this.#stopPinging = keepPinging(connection, 1, () => log.warn("the notifications' connection does not answer; connecting again"));
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
    if (!this.#listening) return;
    connection[command](channel).catch((error: unknown) => log.warn(`could not ${command} a party's notifications`, error));
  }

  async #listen(): Promise<void> {
    const { connection } = this.#options;
    const { stream } = connection;
    // On this connection, while it is no subscriber yet: another one need not be there at this time.
    const setting = await this.#addFlags();
    this.#listening = true;
    await connection.subscribe(...this.#events.keys(), ...this.#parties.keys());
    // What changed while nobody listened shows now.
    for (const followers of this.#parties.values()) for (const changed of followers) changed();
    await this.#verify(setting, () => this.#listening && connection.stream === stream);
  }

  /** Makes sure that Redis tells what it was asked to tell, or says what to do about it. */
  async #verify({ wanted, refusal }: Setting, isCurrent: () => boolean): Promise<void> {
    const { connection, commands, keys, log, probeKey = () => keys.probe(randomUUID()) } = this.#options;
    const probe = { listener: connection, commands, key: probeKey() };
    const missing = await missingNotifications(probe).catch((): undefined => undefined);
    if (!isCurrent()) return;
    if (missing?.length === 0) {
      if (this.#warned) log.info("keyspace notifications are in force now");
      this.#warned = false;
      return;
    }
    // Set, but not to be tried: no reason to doubt it.
    if ((missing === undefined && refusal === undefined) || this.#warned) return;
    this.#warned = true;
    const untold = missing === undefined ? "" : `: Redis does not tell of ${missing.join(", ")}`;
    const why = refusal === undefined ? "" : ", and this server may not switch them on";
    log.warn(
      `keyspace notifications are not in force${why}${untold}. Until somebody does, a logout shows at the next sign of life, and a party's change within seconds. Run: redis-cli CONFIG SET notify-keyspace-events ${wanted} (where CONFIG is renamed or disabled, put notify-keyspace-events ${wanted} into redis.conf)`,
      refusal,
    );
  }

  async #addFlags(): Promise<Setting> {
    const { connection, log } = this.#options;
    let wanted: string | undefined;
    try {
      const [, current = ""] = (await connection.config("GET", "notify-keyspace-events")) as string[];
      wanted = withNeededFlags(current);
      if (wanted === undefined) return { wanted: current, refusal: undefined };
      await connection.config("SET", "notify-keyspace-events", wanted);
      log.info(`keyspace notifications switched on: notify-keyspace-events ${wanted}`);
      return { wanted, refusal: undefined };
    } catch (error) {
      // A broken connection refuses nothing; the next one asks again.
      if (!(error instanceof ReplyError)) throw error;
      return { wanted: wanted ?? withNeededFlags("") ?? "", refusal: error };
    }
  }
}
