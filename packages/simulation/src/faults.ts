import type { Server } from "./server.ts";
import { policy, type World } from "./world.ts";

/** Longer than any client waits before it tries again: whoever can be reached for so long is reached. */
const quietMs = policy.heartbeatIntervalMs + 1_000;
/** Faults of one episode begin within so many milliseconds. */
const episodeMs = 1_000;

/** How long something is away: mostly too short to be noticed, now and then for several leases. */
function away({ random }: World): number {
  const { leaseTtlMs } = policy;
  switch (random.between(0, 5)) {
    case 0:
    case 1:
      return random.between(100, 800);
    case 2:
    case 3:
      return random.between(800, leaseTtlMs * 0.75);
    case 4:
      return random.between(leaseTtlMs * 0.75, leaseTtlMs * 1.5);
    default:
      return random.between(leaseTtlMs * 1.5, leaseTtlMs * 2.5);
  }
}

/**
 * Faults of time, in episodes: what is away in one comes back, and then all works long enough for everyone to be heard.
 * Without that pause a user could be unlucky each time he tries, which no rule can help.
 */
export class Faults {
  readonly #world: World;
  #armed: (() => void)[] = [];
  #quietUntil = 0;
  #calm = false;

  constructor(world: World) {
    this.#world = world;
    this.#next();
  }

  /** No new ones from now on. Returns when the last one is over. */
  end(): number {
    this.#calm = true;
    return this.#quietUntil;
  }

  #next(): void {
    const { scheduler, random } = this.#world;
    scheduler.after(random.between(500, 2_500), () => {
      if (this.#calm) return;
      if (scheduler.now >= this.#quietUntil) this.#episode();
      this.#next();
    });
  }

  /** Somebody has just been told what nobody has written down yet: the worst instant for what is about to go wrong. */
  strike(): void {
    for (const fault of this.#armed.splice(0)) fault();
  }

  #episode(): void {
    const { scheduler, random } = this.#world;
    const some = [this.#stop, this.#stopAll, this.#cut, this.#stall, this.#crash, this.#restart, this.#restartAll];
    // Only a server that was there before can know what the store has lost; none is restarted then.
    const faults = random.oneIn(3)
      ? [this.#crashAndLose, ...(random.oneIn(2) ? [this.#stop, this.#cut] : [])]
      : [random.pick(some), ...(random.oneIn(3) ? [this.#stop] : []), ...(random.oneIn(3) ? [this.#restart] : [])];
    this.#quietUntil = scheduler.now + episodeMs + quietMs;
    if (random.oneIn(2)) {
      this.#armed = faults;
      scheduler.after(episodeMs, () => this.strike());
    } else {
      for (const fault of faults) scheduler.after(random.between(0, episodeMs), fault);
    }
  }

  #anyServer(): Server | undefined {
    const { servers, random } = this.#world;
    return servers.length === 0 ? undefined : random.pick(servers);
  }

  /** Until `ms` from now something is away. */
  #lasts(ms: number, over: () => void): void {
    const { scheduler } = this.#world;
    this.#quietUntil = Math.max(this.#quietUntil, scheduler.now + ms + quietMs);
    scheduler.after(ms, over);
  }

  readonly #stop = (): void => {
    const node = this.#anyServer()?.node;
    if (node === undefined) return;
    node.stop();
    this.#lasts(away(this.#world), () => node.goOn());
  };

  readonly #stopAll = (): void => {
    for (const { node } of this.#world.servers) {
      node.stop();
      this.#lasts(away(this.#world), () => node.goOn());
    }
  };

  readonly #cut = (): void => {
    const { random } = this.#world;
    const link = this.#anyServer()?.link;
    if (link === undefined) return;
    link.cut(random.oneIn(2));
    this.#lasts(away(this.#world), () => link.mend(random.oneIn(2)));
  };

  readonly #stall = (): void => {
    const { store, servers, random } = this.#world;
    store.stall();
    this.#lasts(away(this.#world), () => {
      // Who has given its connection up is heard all the same: its commands wait in the store's buffers.
      const gaveUp = servers.filter(() => random.oneIn(2));
      store.goOn();
      for (const { link } of gaveUp) link.reset();
    });
  };

  readonly #crash = (): void => this.#crashTo(this.#world.scheduler.now);

  /** The last second is lost, or all since an old snapshot, or everything. */
  readonly #crashAndLose = (): void => {
    const { scheduler, random } = this.#world;
    const lostMs = random.pick([random.between(1, 1_000), random.between(1_000, 15_000), Number.POSITIVE_INFINITY]);
    this.#crashTo(scheduler.now - lostMs);
  };

  #crashTo(instant: number): void {
    const { store } = this.#world;
    if (!store.up) return;
    store.crash();
    this.#lasts(away(this.#world), () => this.#world.restartStore(instant));
  }

  readonly #restart = (): void => {
    const { random, servers } = this.#world;
    if (servers.length > 1) this.#restartOne(random.pick(servers));
  };

  readonly #restartAll = (): void => {
    for (const server of [...this.#world.servers]) this.#restartOne(server);
  };

  #restartOne(server: Server): void {
    this.#world.kill(server);
    this.#lasts(away(this.#world), () => this.#world.startServer());
  }
}
