import type { FeedListener, Presence, PresenceFeed, UserId } from "@presence/domain";
import type { Redis } from "ioredis";
import { keepPinging } from "./connection-pings.ts";
import { onRevoked } from "./revoked-subscriptions.ts";
import { plainSubscriptions, type Subscriptions } from "./subscriptions.ts";

/** How users map to channels, and messages to presences. */
export interface FeedChannels {
  channelOf(userId: UserId): string;
  /** @throws where the bytes are no event */
  decode(userId: UserId, message: Buffer): Presence;
}

export interface RedisPresenceFeedOptions {
  /** A connection of its own: a subscriber can do nothing else. `autoResubscribe` must be off: what was missed has to be told. */
  readonly connection: Redis;
  readonly channels: FeedChannels;
  readonly onProblem: (message: string, error: unknown) => void;
  /** Default: those of one Redis. */
  readonly subscriptions?: Subscriptions;
}

const retryMs = 250;

/** Changes by Redis pub/sub, a channel a user. It subscribes again by itself, and says so: a gap is announced, never hidden. */
export class RedisPresenceFeed implements PresenceFeed {
  readonly #connection: Redis;
  readonly #channels: FeedChannels;
  readonly #onProblem: (message: string, error: unknown) => void;
  readonly #subscriptions: Subscriptions;
  readonly #users = new Map<string, UserId>();
  #listener: FeedListener | undefined;
  readonly #stopPinging: () => void;
  /** Asked for since the last command went out. */
  #fresh: string[] = [];
  #flushing = false;
  /** Counts connections: what an earlier one confirms says nothing about this one. */
  #epoch = 0;
  #closed = false;

  constructor({ connection, channels, onProblem, subscriptions = plainSubscriptions }: RedisPresenceFeedOptions) {
    this.#connection = connection;
    this.#channels = channels;
    this.#onProblem = onProblem;
    this.#subscriptions = subscriptions;
    connection.on(subscriptions.event, (channel: Buffer, message: Buffer) => this.#receive(channel.toString(), message));
    connection.on("ready", () => this.#resubscribe());
    // What ioredis makes of a subscription that is taken back is not to be relied on: everything is subscribed anew.
    if (subscriptions.revocable) onRevoked(connection, () => connection.stream.destroy());
    connection.on("close", () => this.#lost());
    this.#stopPinging = keepPinging(connection, 1, () => onProblem("the feed's connection does not answer; connecting again", undefined));
  }

  listen(listener: FeedListener): void {
    this.#listener = listener;
  }

  subscribe(userIds: readonly UserId[]): void {
    for (const userId of userIds) {
      const channel = this.#channels.channelOf(userId);
      this.#users.set(channel, userId);
      this.#fresh.push(channel);
    }
    this.#flushSoon();
  }

  unsubscribe(userIds: readonly UserId[]): void {
    const channels = userIds.map((userId) => this.#channels.channelOf(userId));
    for (const channel of channels) this.#users.delete(channel);
    if (this.#connection.status !== "ready") return;
    for (const some of this.#subscriptions.groups(channels)) {
      // Who is still sent to us is not listened to; the next connection will not ask for him.
      this.#subscriptions
        .unsubscribe(this.#connection, some)
        .catch((error: unknown) => this.#onProblem("channels could not be unsubscribed", error));
    }
  }

  /** Ends the subscriptions and the connection. */
  close(): void {
    this.#closed = true;
    this.#stopPinging();
    this.#connection.disconnect();
  }

  #receive(channel: string, message: Buffer): void {
    const userId = this.#users.get(channel);
    if (userId === undefined) return;
    let presence: Presence;
    try {
      presence = this.#channels.decode(userId, message);
    } catch (error) {
      // Somebody else's message, or a newer server's: the audit reads what it meant.
      this.#onProblem("a message on a presence channel is no event", error);
      return;
    }
    this.#listener?.changed(presence);
  }

  #lost(): void {
    this.#epoch++;
    if (this.#users.size > 0) this.#listener?.broken(undefined);
  }

  #resubscribe(): void {
    this.#epoch++;
    this.#fresh = [...this.#users.keys()];
    this.#flushSoon();
  }

  /** Many watches of one moment become one command. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    // Without a connection nothing is lost: the next one subscribes everyone.
    if (this.#connection.status !== "ready" || this.#fresh.length === 0) return;
    const channels = this.#fresh.filter((channel) => this.#users.has(channel));
    this.#fresh = [];
    for (const some of this.#subscriptions.groups(channels)) this.#request(some, this.#epoch);
  }

  #request(channels: readonly string[], epoch: number): void {
    this.#subscriptions.subscribe(this.#connection, channels).then(
      () => {
        if (epoch === this.#epoch) this.#listener?.subscribed(channels.flatMap((channel) => this.#users.get(channel) ?? []));
      },
      (error: unknown) => {
        if (this.#closed || epoch !== this.#epoch) return;
        this.#onProblem("channels could not be subscribed; trying again", error);
        setTimeout(() => {
          if (epoch !== this.#epoch) return;
          this.#fresh.push(...channels);
          this.#flushSoon();
        }, retryMs);
      },
    );
  }
}
