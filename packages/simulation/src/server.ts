import {
  type PartyDirectory,
  PartyHub,
  PresenceError,
  type PresencePolicy,
  PresenceService,
  type SessionDirectory,
  WatchHub,
} from "@presence/domain";
import type { RemoteStore } from "./remote-store.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimulatedFeed } from "./simulated-feed.ts";

export interface ServerParts {
  readonly scheduler: Scheduler;
  readonly store: RemoteStore;
  readonly feed: SimulatedFeed;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  readonly policy: PresencePolicy;
}

/** One server: the service, its hub and its loops, as the real one has them. */
export class Server {
  readonly store: RemoteStore;
  readonly feed: SimulatedFeed;
  readonly service: PresenceService;
  readonly hub: WatchHub;
  readonly parties: PartyHub;
  #running = true;

  constructor({ scheduler, store, feed, sessions, parties, policy }: ServerParts) {
    this.store = store;
    this.feed = feed;
    this.service = new PresenceService({ store, sessions, parties, policy });
    this.hub = new WatchHub({ feed, source: this.service, lingerMs: 2_000, auditMs: 3_000, onReadFailed: onlyUnavailable });
    this.parties = new PartyHub({ parties, hub: this.hub, pollMs: 1_000, onReadFailed: onlyUnavailable });
    scheduler.every(100, () => {
      this.hub.tick(scheduler.now);
      this.parties.tick(scheduler.now);
      return this.#running;
    });
    scheduler.every(250, () => {
      if (this.#running) this.service.sweep().catch(onlyUnavailable);
      return this.#running;
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** The process is gone, with all its streams. */
  kill(): void {
    this.#running = false;
    this.store.cut = true;
    this.feed.dead = true;
  }
}

/** What a fault of the simulated world may lead to; anything else is a bug. */
export function onlyUnavailable(error: unknown): void {
  if (!(error instanceof PresenceError) || error.code !== "UNAVAILABLE") throw error;
}
