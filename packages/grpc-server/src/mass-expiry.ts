import type { Move } from "@presence/domain";
import type { Logger } from "pino";

/** More users than this in a second do not fall silent by chance. */
const manyInASecond = 1_000;
const secondMs = 1_000;
/** One that does not end is told again and again, so often. */
const longestMs = 10_000;

/** Notices that a great many users went OFFLINE at once, and says so in one line. */
export class MassExpiry {
  readonly #log: Logger;
  #second = { from: 0, users: 0 };
  #burst: { readonly from: number; users: number } | undefined;
  #told = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** How many mass expiries there were. */
  get count(): number {
    return this.#told;
  }

  /** Takes what a sweep wrote down. To be called after each, at `now` in milliseconds by a clock that never runs backwards. */
  add(moves: readonly Move[], now: number): void {
    if (now - this.#second.from >= secondMs) this.#endSecond(now);
    for (const { to, cause } of moves) if (to === "OFFLINE" && cause === "lease-lapsed") this.#second.users++;
  }

  #endSecond(now: number): void {
    const { from, users } = this.#second;
    this.#second = { from: now, users: 0 };
    const many = users > manyInASecond;
    if (many) this.#burst ??= { from, users: 0 };
    if (this.#burst === undefined) return;
    this.#burst.users += users;
    if (many && now - this.#burst.from < longestMs) return;
    this.#log.warn(
      { users: this.#burst.users, seconds: Math.max(1, Math.round((from - this.#burst.from) / secondMs)) },
      "many users fell silent at once and went OFFLINE; if that was no end of an event, look for what they had in common: a load balancer, a gateway, a network, a release of the app",
    );
    this.#burst = undefined;
    this.#told++;
  }
}
