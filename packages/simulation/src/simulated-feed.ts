import type { FeedListener, Presence, PresenceFeed, UserId } from "@presence/domain";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** A server's subscriber connection: messages take time but keep their order, and connections break, or die without a word. */
export class SimulatedFeed implements PresenceFeed {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #wanted = new Set<UserId>();
  /** Whom the store publishes to this connection. */
  readonly #subscribed = new Set<UserId>();
  #listener: FeedListener | undefined;
  #connection = 0;
  #connected = true;
  #lastDelivery = 0;
  /** Open, but nothing comes through; nobody is told. */
  dead = false;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  listen(listener: FeedListener): void {
    this.#listener = listener;
  }

  subscribe(userIds: readonly UserId[]): void {
    for (const userId of userIds) this.#wanted.add(userId);
    if (this.#connected) this.#request(userIds);
  }

  unsubscribe(userIds: readonly UserId[]): void {
    for (const userId of userIds) {
      this.#wanted.delete(userId);
      this.#subscribed.delete(userId);
    }
  }

  /** The store publishes a change. */
  publish(presence: Presence): void {
    if (this.dead || !this.#subscribed.has(presence.userId)) return;
    this.#deliver(() => this.#listener?.changed(presence));
  }

  /** The connection breaks, and comes back after `ms`. */
  breakFor(ms: number): void {
    this.#connection++;
    this.#connected = false;
    this.dead = false;
    this.#subscribed.clear();
    const broken = this.#connection;
    this.#listener?.broken(undefined);
    this.#scheduler.after(ms, () => {
      if (this.#connection !== broken) return;
      this.#connected = true;
      this.#request([...this.#wanted]);
    });
  }

  #request(userIds: readonly UserId[]): void {
    const connection = this.#connection;
    this.#scheduler.after(this.#random.between(0, 20), () => {
      if (this.#connection !== connection) return;
      const wanted = userIds.filter((userId) => this.#wanted.has(userId));
      for (const userId of wanted) this.#subscribed.add(userId);
      this.#deliver(() => this.#listener?.subscribed(wanted));
    });
  }

  #deliver(message: () => void): void {
    const connection = this.#connection;
    // One connection keeps its order: no two messages arrive at one instant.
    this.#lastDelivery = Math.max(this.#lastDelivery + 0.001, this.#scheduler.now + this.#random.between(0, 30));
    this.#scheduler.after(this.#lastDelivery - this.#scheduler.now, () => {
      if (this.#connection === connection) message();
    });
  }
}
