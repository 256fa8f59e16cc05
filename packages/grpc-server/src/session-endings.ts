import type { PresenceService, UserId } from "@presence/domain";
import type { Logger } from "pino";
import { errorReport } from "./errors/error-report.ts";

/** So many at once: they share the store with calls. */
const concurrency = 16;
/** More than these may wait no longer: the next sign of life notices what a lost hint does not tell. */
const maxWaiting = 100_000;

export interface SessionEndingsOptions {
  readonly service: Pick<PresenceService, "sessionEnded">;
  readonly log: Logger;
}

/** Hints that sessions went away, worked off a few at a time. A hint that fails is dropped: nothing may depend on it. */
export class SessionEndings {
  readonly #options: SessionEndingsOptions;
  /** By user: whether the deletion itself was witnessed. */
  readonly #waiting = new Map<UserId, boolean>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;
  #failing = false;

  constructor(options: SessionEndingsOptions) {
    this.#options = options;
  }

  /** The session of this user went away. Safe to call from an event handler. */
  add(userId: UserId, seen: boolean): void {
    if (this.#stopped || (this.#waiting.size >= maxWaiting && !this.#waiting.has(userId))) return;
    this.#waiting.set(userId, seen || (this.#waiting.get(userId) ?? false));
    this.#next();
  }

  /** Forgets what waits, and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    await Promise.all(this.#running);
  }

  #next(): void {
    for (const [userId, seen] of this.#waiting) {
      if (this.#running.size >= concurrency) return;
      this.#waiting.delete(userId);
      const one = this.#end(userId, seen).then(() => {
        this.#running.delete(one);
        this.#next();
      });
      this.#running.add(one);
    }
  }

  async #end(userId: UserId, seen: boolean): Promise<void> {
    const { service, log } = this.#options;
    try {
      await service.sessionEnded(userId, seen);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        log.warn(
          { error: errorReport(error) },
          "the end of a session could not be written; its user's next sign of life will be refused instead",
        );
      log.debug({ userId, error }, "session end failed");
      this.#failing = true;
    }
  }
}
