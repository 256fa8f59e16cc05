/** Lets one at a time do something about one key; others wait for their turn, in the order in which they came. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>();

  readonly #stops: (error: unknown) => boolean;

  /** @param stops whether an error is not only about the one who met it: whoever waits behind him fails with it at once */
  constructor(stops: (error: unknown) => boolean) {
    this.#stops = stops;
  }

  /** Runs `act` after everyone who came before it for `key`, whether they succeeded or not. */
  take<Result>(key: Key, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const afterFailure = (error: unknown): Promise<Result> => (this.#stops(error) ? Promise.reject(error) : act());
    const own = before === undefined ? act() : before.then(act, afterFailure);
    this.#last.set(key, own);
    const forget = () => {
      if (this.#last.get(key) === own) this.#last.delete(key);
    };
    own.then(forget, forget);
    return own;
  }
}
