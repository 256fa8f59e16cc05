/** Lets one at a time do something about one key; others wait for their turn, in the order in which they came. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>();

  /** Runs `act` after everyone who came before it for `key`, whether they succeeded or not. */
  take<Result>(key: Key, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const own = before === undefined ? act() : before.then(act, act);
    this.#last.set(key, own);
    const forget = () => {
      if (this.#last.get(key) === own) this.#last.delete(key);
    };
    own.then(forget, forget);
    return own;
  }
}
