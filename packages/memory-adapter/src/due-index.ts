import { earliest, type Millis, millis, never, type UserId } from "@presence/domain";
import { Deadlines } from "./deadlines.ts";

/** A claim that is not finished after so many milliseconds is due again. */
export const claimTimeoutMs = 5_000;

/** What a holder must give back. */
interface Held {
  /** The due time that was claimed. */
  readonly due: Millis;
  /** The earliest due time that a commit has asked for since; `never`: none has. */
  readonly asked: Millis;
}

/** Who must be looked at, and when; a user is held by at most one caller. */
export class DueIndex {
  readonly #due = new Deadlines<UserId>();
  readonly #timeouts = new Deadlines<UserId>();
  readonly #held = new Map<UserId, Held>();

  /** `userId` is due at `due`, or earlier where he was already. */
  arm(userId: UserId, due: Millis): void {
    const held = this.#held.get(userId);
    // The holder may have decided on an older record: this time must survive what he gives back.
    if (held !== undefined) this.#held.set(userId, { ...held, asked: earliest(held.asked, due) });
    else this.#due.setEarlier(userId, due);
  }

  /** How long the oldest entry has been due, in milliseconds; 0 if none is. */
  lagMs(now: Millis): number {
    this.#release(now);
    return Math.max(0, now - (this.#due.earliest ?? now));
  }

  /** Takes out up to `limit` users that are due. */
  claim(limit: number, now: Millis): readonly UserId[] {
    this.#release(now);
    const claimed: UserId[] = [];
    while (claimed.length < limit) {
      const next = this.#due.pop(now);
      if (next === undefined) break;
      this.#held.set(next.key, { due: millis(next.at), asked: never });
      this.#timeouts.set(next.key, now + claimTimeoutMs);
      claimed.push(next.key);
    }
    return claimed;
  }

  /** Ends a claim; undefined: nothing is left to look at, unless a commit has asked meanwhile. */
  finish(userId: UserId, due: Millis | undefined): void {
    const held = this.#held.get(userId);
    this.#held.delete(userId);
    this.#timeouts.delete(userId);
    const next = earliest(due ?? never, held?.asked ?? never);
    if (next !== never) this.#due.setEarlier(userId, next);
  }

  /** Claims whose holder took too long are due as before. */
  #release(now: Millis): void {
    for (let late = this.#timeouts.pop(now); late !== undefined; late = this.#timeouts.pop(now)) {
      const held = this.#held.get(late.key);
      this.#held.delete(late.key);
      if (held !== undefined) this.#due.setEarlier(late.key, earliest(held.due, held.asked));
    }
  }
}
