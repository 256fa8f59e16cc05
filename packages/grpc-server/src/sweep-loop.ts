import type { PresenceService } from "@presence/domain";
import type { Logger } from "pino";
import { errorReport } from "./errors/error-report.ts";
import { MassExpiry } from "./mass-expiry.ts";
import { RepairLoop } from "./repair-loop.ts";

export interface SweepLoopOptions {
  readonly service: Pick<PresenceService, "sweep" | "repair" | "policy">;
  readonly log: Logger;
  /** From the end of one sweep to the next; default 250 ms. */
  readonly intervalMs?: number;
  /** Most users of one sweep; default 200. */
  readonly batch?: number;
  /** Called after each sweep: whether the store answered. */
  readonly onAnswer?: (answered: boolean) => void;
}

/** Writes down what time has changed, again and again, never twice at once; beside it, slowly, repairs what sweeps go by. */
export class SweepLoop {
  readonly #options: SweepLoopOptions;
  readonly #intervalMs: number;
  readonly #batch: number;
  readonly #repairs: RepairLoop;
  readonly #massExpiry: MassExpiry;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  #failing = false;
  #blind = false;
  #lagMs = 0;

  constructor(options: SweepLoopOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? 250;
    this.#batch = options.batch ?? 200;
    this.#repairs = new RepairLoop(options);
    this.#massExpiry = new MassExpiry(options.log);
  }

  /** How late the last sweep was for the oldest user that was due, in milliseconds. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** How often a great many users went OFFLINE at once, as seen from here. */
  get massExpiries(): number {
    return this.#massExpiry.count;
  }

  /** Sweeps at once, then every interval. */
  start(): void {
    this.#schedule(0);
    this.#repairs.restart();
  }

  /** Ends the loop, after the sweep that may be running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all([this.#running, this.#repairs.stop()]);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#sweep().then((full) => {
        this.#running = undefined;
        // A full batch says that more are waiting; a timer of 0 lets calls be served in between.
        this.#schedule(full ? 0 : this.#intervalMs);
      });
    }, delayMs);
  }

  /** Whether the batch was full. Never fails: the next sweep is due in any case. */
  async #sweep(): Promise<boolean> {
    const { service, log, onAnswer } = this.#options;
    try {
      const { visited, moves, lagMs, failures, blind } = await service.sweep(this.#batch);
      if (failures.length > 0)
        log.warn(
          { users: failures.length, error: errorReport(failures[0]) },
          "users cannot be swept, because their data cannot be read or written; tried again in a lease",
        );
      this.#massExpiry.add(moves, performance.now());
      this.#lagMs = lagMs;
      // The store has lost writes: entries of the due index may be among them.
      if (blind && !this.#blind) this.#repairs.restart();
      this.#blind = blind;
      if (this.#failing) log.info("sweeps work again");
      this.#failing = false;
      onAnswer?.(true);
      return visited >= this.#batch;
    } catch (error) {
      // Once an outage: four lines a second would hide everything else.
      if (!this.#failing) log.warn({ error: errorReport(error) }, "sweeps fail; nobody is reported OFFLINE until the store answers again");
      log.debug({ error }, "sweep failed");
      this.#failing = true;
      onAnswer?.(false);
      return false;
    }
  }
}
