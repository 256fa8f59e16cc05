import { setTimeout as sleep } from "node:timers/promises";

/** The time of the play, from its beginning. */
export class Clock {
  readonly #startedAt = performance.now();

  /** Waits until that second of the play; not at all where it is later already. */
  async second(second: number): Promise<void> {
    await sleep(Math.max(0, this.#startedAt + second * 1_000 - performance.now()));
  }

  /** `mm:ss`. */
  toString(): string {
    // A timer may be a moment early.
    const seconds = Math.floor((performance.now() - this.#startedAt + 10) / 1_000);
    return [seconds / 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
  }
}
