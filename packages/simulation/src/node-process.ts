import type { Random } from "./random.ts";
import type { Scheduler, Timeline } from "./scheduler.ts";

/** When a node's clock began, and how unlike others it may run: twice what a quartz does. */
const longestUptimeMs = 100_000;
const drift = 0.0002;

/**
 * The process of one server: it has a clock of its own, which is wrong, and it may be stopped (SIGSTOP). Whatever comes
 * meanwhile waits, and comes all at once when it goes on.
 */
export class NodeProcess implements Timeline {
  readonly #scheduler: Scheduler;
  readonly #offset: number;
  readonly #rate: number;
  readonly #waiting: (() => void)[] = [];
  #state: "running" | "stopped" | "waking" | "dead" = "running";

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#rate = 1 + (2 * random.next() - 1) * drift;
    this.#offset = random.between(0, longestUptimeMs) - scheduler.now * this.#rate;
  }

  /** Milliseconds since some instant of its own. */
  get now(): number {
    return this.#offset + this.#scheduler.now * this.#rate;
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  after(ms: number, run: () => void): void {
    this.#scheduler.after(ms, () => this.arrive(run));
  }

  /** Something comes from outside now. */
  arrive(run: () => void): void {
    if (this.#state === "running") run();
    else if (this.#state !== "dead") this.#waiting.push(run);
  }

  stop(): void {
    if (this.alive) this.#state = "stopped";
  }

  goOn(): void {
    if (this.#state !== "stopped") return;
    this.#state = "waking";
    this.#wake();
  }

  kill(): void {
    this.#state = "dead";
  }

  /** In the order in which it came, and nothing new in between: a connection keeps its order. */
  #wake(): void {
    if (this.#state !== "waking") return;
    const run = this.#waiting.shift();
    if (run === undefined) {
      this.#state = "running";
      return;
    }
    this.#scheduler.after(0, () => this.#wake());
    run();
  }
}
