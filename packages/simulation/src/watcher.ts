import type { Presence, UserId, Watch, WatchEvent } from "@presence/domain";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Server } from "./server.ts";
import type { Truth } from "./truth.ts";

/** A client that follows users: quick or slow, reconnecting when its server dies. It checks all that it is told. */
export class Watcher {
  readonly userIds: readonly UserId[];
  /** What it shows. */
  readonly view = new Map<UserId, Presence>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #truth: Truth;
  #server: Server | undefined;
  #watch: Watch | undefined;
  #since = 0;
  #woken = false;
  #trusted = false;

  constructor(userIds: readonly UserId[], scheduler: Scheduler, random: Random, truth: Truth) {
    this.userIds = userIds;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#truth = truth;
  }

  /** Whether it has been told that its view is true. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** (Re)connects. The view stays until the snapshot comes. */
  connect(server: Server): void {
    const { node } = server;
    const last = this.#watch;
    this.#server?.node.after(0, () => last?.close());
    this.#server = server;
    this.#trusted = false;
    this.#watch = undefined;
    this.#woken = false;
    node.after(this.#random.between(0, 3), () => {
      if (this.#server !== server || this.#watch !== undefined) return;
      this.#since = this.#scheduler.now;
      const watch = server.hub.watch(() => {
        if (this.#watch === watch) this.#wake(server);
      });
      this.#watch = watch;
      watch.add(this.userIds);
    });
  }

  /** Connects to another server if its own is gone. */
  reconnect(servers: readonly Server[]): void {
    if (!this.#server?.running) this.connect(this.#random.pick(servers));
  }

  #wake(server: Server): void {
    if (this.#woken) return;
    this.#woken = true;
    // Now and then it does not read for a while.
    server.node.after(this.#random.oneIn(8) ? this.#random.between(100, 2_000) : this.#random.between(0, 10), () => {
      if (this.#server !== server) return;
      this.#woken = false;
      for (let event = this.#watch?.take(); event !== undefined; event = this.#watch?.take()) this.#receive(event);
    });
  }

  #receive(event: WatchEvent): void {
    if (event.kind === "feed") {
      this.#trusted = event.state === "LIVE";
      return;
    }
    if (event.kind === "change") {
      this.#show(event.presence);
      return;
    }
    this.#truth.check(event.presences.length === this.userIds.length, () => "a snapshot has everyone in it");
    for (const presence of event.presences) this.#show(presence);
    this.#trusted = true;
  }

  #show(presence: Presence): void {
    const before = this.view.get(presence.userId);
    this.#truth.wasPushed(presence, this.#since);
    this.#truth.check(
      before === undefined || presence.version >= before.version,
      () => `${presence.userId} never goes back: ${before?.version} to ${presence.version}`,
    );
    this.view.set(presence.userId, presence);
  }
}
