import {
  type Commit,
  LeaseKeeper,
  type Loaded,
  type PartyDirectory,
  PartyHub,
  PresenceError,
  type PresencePolicy,
  type PresenceRecord,
  PresenceService,
  type PresenceSource,
  type PresenceStore,
  type SessionDirectory,
  type UserId,
  WatchHub,
} from "@presence/domain";
import type { ClockRule } from "./clock-rule.ts";
import { Link } from "./link.ts";
import { NodeProcess } from "./node-process.ts";
import type { Random } from "./random.ts";
import { RemoteStore } from "./remote-store.ts";
import { repeat, type Scheduler } from "./scheduler.ts";
import { ServerClock } from "./server-clock.ts";
import { SimulatedFeed } from "./simulated-feed.ts";
import type { SimulatedStore } from "./simulated-store.ts";

export interface ServerParts {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly store: SimulatedStore;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  readonly policy: PresencePolicy;
  readonly rule: ClockRule;
  /** From the end of one sweep to the next, at most. */
  readonly sweepMs: number;
  readonly hubOptions: HubOptions;
  readonly onLoaded: (userIds: readonly UserId[], loaded: Loaded<PresenceRecord | PresenceError>) => void;
  readonly onCommitted: (commit: Commit) => void;
  /** What the server works on, between it and the store. */
  readonly around: (store: PresenceStore) => PresenceStore;
  /** Something failed that no fault explains. */
  readonly onBug: (error: unknown) => void;
}

/** What a hub is made of, so that a test can break it. */
export interface HubOptions {
  /** How often it reads every watched user again, in milliseconds. */
  readonly auditMs: number;
  /** What it reads from. */
  readonly source: (service: PresenceService) => PresenceSource;
}

/** How the server's side of a stream ends. */
export interface StreamEnd {
  readonly died: () => void;
  /** The server ends it, for its client to go elsewhere. */
  readonly drained: () => void;
}

const serverDied = PresenceError.unavailable("the server died", 10);
const tickMs = 300;
const latencyMs = 3;

/** One server: the service, its hubs, keeper and loops, as the real one has them. */
export class Server {
  readonly name: string;
  readonly node: NodeProcess;
  readonly link: Link;
  readonly feed: SimulatedFeed;
  readonly clock: ServerClock;
  readonly service: PresenceService;
  readonly hub: WatchHub;
  readonly parties: PartyHub;
  readonly keeper: LeaseKeeper;
  readonly #parts: ServerParts;
  /** Whoever would wait for ever if this process died. */
  /** A call of the server's own failed. */
  readonly failed = (error: unknown): void => {
    if (!isUnavailable(error)) this.#parts.onBug(error);
  };
  readonly #callers = new Set<() => void>();
  readonly #open = new Set<StreamEnd>();
  #streams = 0;
  #lastSweepAt: number;

  constructor(parts: ServerParts) {
    const { name, scheduler, random, store, policy, rule, sessions, hubOptions, onLoaded, onCommitted, around } = parts;
    this.#parts = parts;
    this.name = name;
    this.node = new NodeProcess(scheduler, random);
    this.link = new Link({ node: this.node, store, scheduler, random, onClosed: () => this.clock.invalidate() });
    const { link, node } = this;
    this.clock = new ServerClock({
      node,
      policy,
      rule,
      tick: (acknowledged) => link.send(async () => store.data.tick(name, acknowledged)),
    });
    const remote = new RemoteStore({ link, clock: this.clock, data: store.data, policy, rule, onLoaded, onCommitted });
    this.feed = new SimulatedFeed({ node, scheduler, random, isUp: () => store.up && !store.stalled });
    this.service = new PresenceService({ store: around(remote), sessions, parties: parts.parties, policy });
    const { failed } = this;
    const { auditMs, source } = hubOptions;
    this.hub = new WatchHub({ feed: this.feed, source: source(this.service), lingerMs: 2_000, auditMs, onReadFailed: failed });
    this.parties = new PartyHub({ parties: parts.parties, hub: this.hub, pollMs: 1_000, onReadFailed: failed });
    this.keeper = new LeaseKeeper({ service: this.service, onRenewFailed: failed });
    this.#lastSweepAt = node.now;
    store.connect(link, this.feed);
    repeat(node, random, tickMs, () => {
      this.hub.tick(node.now);
      this.parties.tick(node.now);
      this.keeper.tick(node.now);
      this.#letGo();
      return true;
    });
    this.#sweep();
  }

  get running(): boolean {
    return this.node.alive;
  }

  /**
   * A call as a client makes it.
   * @param over called when the server has nothing to do with it any more, whether or not the client got an answer
   * @throws PresenceError `UNAVAILABLE` where the server dies
   */
  call<Answer>(handler: () => Promise<Answer>, over: () => void = () => {}): Promise<Answer> {
    const { scheduler, random } = this.#parts;
    return new Promise((resolve, reject) => {
      const died = () => {
        over();
        reject(serverDied);
      };
      if (!this.running) return died();
      this.#callers.add(died);
      const reply = (answer: () => void) => {
        this.#callers.delete(died);
        over();
        scheduler.after(random.between(0, latencyMs), answer);
      };
      this.node.after(random.between(0, latencyMs), () => {
        handler().then(
          (value) => reply(() => resolve(value)),
          (error: unknown) => reply(() => reject(error)),
        );
      });
    });
  }

  /** Names a stream uniquely among those of all servers. */
  nextStream(): string {
    return `${this.name}.${++this.#streams}`;
  }

  /** Tells an open stream how it ends, if it does not end by itself. Returns how to stop that. */
  onGone(end: StreamEnd): () => void {
    this.#open.add(end);
    return () => this.#open.delete(end);
  }

  /** The process is gone, with all its streams. */
  kill(): void {
    this.node.kill();
    this.#parts.store.disconnect(this.link, this.feed);
    for (const died of [...this.#callers, ...[...this.#open].map((end) => end.died)]) died();
    this.#callers.clear();
    this.#open.clear();
  }

  /** A server that cannot reach the store renews nothing, while others may sweep: its clients are better off elsewhere. */
  #letGo(): void {
    const { policy } = this.#parts;
    if (this.node.now - this.#lastSweepAt < policy.leaseTtlMs / 4) return;
    for (const end of [...this.#open]) end.drained();
    this.#open.clear();
  }

  #sweep(): void {
    const { random, sweepMs } = this.#parts;
    this.node.after(random.between(Math.ceil(sweepMs / 2), sweepMs), () => {
      this.service.sweep().then(
        ({ failures }) => {
          this.#lastSweepAt = this.node.now;
          for (const error of failures) this.failed(error);
          this.#sweep();
        },
        (error: unknown) => {
          this.failed(error);
          this.#sweep();
        },
      );
    });
  }
}

/** What a fault of the simulated world may lead to; anything else is a bug. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof PresenceError && error.code === "UNAVAILABLE";
}
