import type { Presence } from "@presence/domain";
import type { Link } from "./link.ts";
import type { SimulatedFeed } from "./simulated-feed.ts";
import type { StoreData } from "./store-data.ts";

/** The process that holds the data: it may be stopped, and it may crash and come back with less than it had. */
export class SimulatedStore {
  readonly data: StoreData;
  readonly #links = new Set<Link>();
  readonly #feeds = new Set<SimulatedFeed>();
  readonly #queue: (() => void)[] = [];
  #up = true;
  #stalled = false;

  constructor(data: StoreData) {
    this.data = data;
  }

  get up(): boolean {
    return this.#up;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** A server connects, for commands and for its feed. */
  connect(link: Link, feed: SimulatedFeed): void {
    this.#links.add(link);
    this.#feeds.add(feed);
  }

  disconnect(link: Link, feed: SimulatedFeed): void {
    this.#links.delete(link);
    this.#feeds.delete(feed);
  }

  /** A command has come in. */
  arrive(command: () => void): void {
    if (this.#stalled) this.#queue.push(command);
    else command();
  }

  publish(event: Presence): void {
    for (const feed of this.#feeds) feed.publish(event);
  }

  stall(): void {
    if (this.#up) this.#stalled = true;
  }

  /** Goes on with what has come meanwhile, from whomever. */
  goOn(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    for (const command of this.#queue.splice(0)) command();
  }

  /** Every connection ends, and what had come in on them is never carried out. */
  crash(): void {
    this.#up = false;
    this.#stalled = false;
    this.#queue.length = 0;
    for (const link of this.#links) link.reset();
    for (const feed of this.#feeds) feed.break();
  }

  /** Comes back with what it had at `instant`. Whether that is less than it had at last. */
  restart(instant: number): boolean {
    this.#up = true;
    this.data.restarted();
    return this.data.goBackTo(instant);
  }
}
