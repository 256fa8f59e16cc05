import type { PresenceService } from "@presence/domain";
import type { Logger } from "pino";
import { type ErrorReport, errorReport } from "./errors/error-report.ts";

export interface RepairLoopOptions {
  readonly service: Pick<PresenceService, "repair" | "policy">;
  readonly log: Logger;
}

/** Users of one step, and the pause after it: a million in some five minutes, for 3 % of a core here and 2 % in Redis. */
const pageSize = 500;
const pauseMs = 100;
const retryMs = 1_000;

/** Walks slowly over all records and makes sure that sweeps find who is due: round after round, on one server of all. */
export class RepairLoop {
  readonly #options: RepairLoopOptions;
  /** From the end of a round to the next, or to the next attempt to lead. */
  readonly #restMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #cursor: string | undefined;
  /** Counts restarts: a step from before does not say where to go on. */
  #epoch = 0;
  #unreadable: ErrorReport[] = [];
  #stopped = false;

  constructor(options: RepairLoopOptions) {
    this.#options = options;
    this.#restMs = Math.ceil(options.service.policy.leaseTtlMs / 2);
  }

  /** Begins a round at the first user, now: at the start, and where the store has lost writes. */
  restart(): void {
    this.#epoch++;
    this.#cursor = undefined;
    this.#unreadable = [];
    this.#schedule(0);
  }

  /** Ends the loop, after the step that may be running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    // A step that runs schedules the next one itself.
    if (this.#stopped || this.#running !== undefined) return;
    this.#timer = setTimeout(() => {
      const epoch = this.#epoch;
      this.#running = this.#step(epoch).then((delay) => {
        this.#running = undefined;
        this.#schedule(epoch === this.#epoch ? delay : 0);
      });
    }, delayMs);
  }

  /** How long to wait for the next one. Never fails. */
  async #step(epoch: number): Promise<number> {
    const { service, log } = this.#options;
    try {
      const { failures, next } = await service.repair(this.#cursor, pageSize);
      if (epoch !== this.#epoch) return 0;
      for (const error of failures) {
        log.debug({ error }, "a record cannot be read");
        this.#unreadable.push(errorReport(error));
      }
      this.#cursor = next;
      if (next !== undefined) return pauseMs;
      if (this.#unreadable.length > 0) {
        const [error] = this.#unreadable;
        log.warn({ users: this.#unreadable.length, error }, "records cannot be read; whoever asks for these users is told UNAVAILABLE");
      }
      this.#unreadable = [];
      return this.#restMs;
    } catch (error) {
      log.debug({ error: errorReport(error) }, "a step of the repair failed; tried again in a second");
      return retryMs;
    }
  }
}
