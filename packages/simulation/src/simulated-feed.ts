import type { FeedListener, Presence, PresenceFeed, UserId } from "@presence/domain";
import type { NodeProcess } from "./node-process.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface SimulatedFeedParts {
  readonly node: NodeProcess;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Whether the store takes connections. */
  readonly isUp: () => boolean;
}

const retryMs = 100;

/** A server's subscriber connection: messages take time but keep their order, and connections break, or die without a word. */
export class SimulatedFeed implements PresenceFeed {
  readonly #parts: SimulatedFeedParts;
  readonly #wanted = new Set<UserId>();
  /** Whom the store publishes to this connection. */
  readonly #subscribed = new Set<UserId>();
  #listener: FeedListener | undefined;
  /** As the store sees it. */
  #connection = 0;
  #connected: boolean;
  #lastDelivery = 0;
  /** Open, but nothing comes through; nobody is told. */
  dead = false;

  constructor(parts: SimulatedFeedParts) {
    this.#parts = parts;
    this.#connected = parts.isUp();
    if (!this.#connected) this.#reconnect(this.#connection, retryMs);
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

  /** The connection breaks, and comes back when the store takes it, not before `ms`. */
  break(ms = 0): void {
    const broken = ++this.#connection;
    this.dead = false;
    this.#subscribed.clear();
    this.#parts.node.after(this.#parts.random.between(0, 3), () => {
      this.#connected = false;
      this.#listener?.broken(undefined);
      this.#reconnect(broken, ms);
    });
  }

  #reconnect(broken: number, ms: number): void {
    const { node, random, isUp } = this.#parts;
    node.after(ms, () => {
      // It broke again meanwhile: that break brings it back.
      if (this.#connection !== broken) return;
      if (!isUp()) return this.#reconnect(broken, random.between(1, retryMs));
      this.#connected = true;
      this.#request([...this.#wanted]);
    });
  }

  #request(userIds: readonly UserId[]): void {
    const { scheduler, random } = this.#parts;
    const connection = this.#connection;
    scheduler.after(random.between(0, 20), () => {
      if (this.#connection !== connection) return;
      const wanted = userIds.filter((userId) => this.#wanted.has(userId));
      for (const userId of wanted) this.#subscribed.add(userId);
      this.#deliver(() => this.#listener?.subscribed(wanted));
    });
  }

  #deliver(message: () => void): void {
    const { node, scheduler, random } = this.#parts;
    const connection = this.#connection;
    // One connection keeps its order: no two messages arrive at one instant.
    this.#lastDelivery = Math.max(this.#lastDelivery + 0.001, scheduler.now + random.between(0, 30));
    node.after(this.#lastDelivery - scheduler.now, () => {
      if (this.#connection === connection) message();
    });
  }
}
