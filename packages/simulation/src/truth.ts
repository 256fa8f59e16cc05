import type { Presence } from "@presence/domain";

/** A promise that did not hold, and in which history. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** What was ever true, and what must be. */
export class Truth {
  readonly #states = new Map<string, string>();
  readonly #where: () => string;

  /** @param where names the history and the step, for whoever replays it */
  constructor(where: () => string) {
    this.#where = where;
  }

  /** Others could see this from now on. The same version is always the same state. */
  becameVisible(presence: Presence): void {
    const key = `${presence.userId} ${presence.version}`;
    const state = JSON.stringify(presence);
    const known = this.#states.get(key);
    this.check(known === undefined || known === state, `version ${key} is one state: ${known} and ${state}`);
    this.#states.set(key, state);
  }

  /** Somebody was told this. */
  wasVisible(presence: Presence): void {
    const known = this.#states.get(`${presence.userId} ${presence.version}`);
    this.check(known === JSON.stringify(presence), `what is told was visible: ${JSON.stringify(presence)}`);
  }

  /** @throws BrokenPromise */
  check(holds: boolean, promise: string): void {
    if (!holds) throw new BrokenPromise(`${promise} (${this.#where()})`);
  }
}
