/** A key and its instant, at its place in the heap. */
interface Entry<Key> {
  readonly key: Key;
  at: number;
  place: number;
}

/**
 * One instant per key, the earliest first: a binary heap that knows the place of each key, so that moving or removing one
 * costs O(log n) and leaves nothing behind.
 */
export class Deadlines<Key> {
  readonly #heap: Entry<Key>[] = [];
  readonly #entries = new Map<Key, Entry<Key>>();

  get size(): number {
    return this.#heap.length;
  }

  /** The instant of `key`; undefined: it has none. */
  get(key: Key): number | undefined {
    return this.#entries.get(key)?.at;
  }

  /** The earliest instant of all; undefined: there is none. */
  get earliest(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** Gives `key` this instant, whatever it had. */
  set(key: Key, at: number): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.at = at;
      this.#settle(known);
      return;
    }
    const entry: Entry<Key> = { key, at, place: this.#heap.length };
    this.#entries.set(key, entry);
    this.#heap.push(entry);
    this.#rise(entry);
  }

  /** Gives `key` this instant, unless it has an earlier one. */
  setEarlier(key: Key, at: number): void {
    const known = this.#entries.get(key);
    if (known === undefined || at < known.at) this.set(key, at);
  }

  /** Whether `key` had an instant. */
  delete(key: Key): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    const last = this.#heap.pop();
    if (last !== undefined && last !== entry) {
      this.#place(last, entry.place);
      this.#settle(last);
    }
    return true;
  }

  /** Takes out the key with the earliest instant, if that is not after `now`. */
  pop(now: number): { readonly key: Key; readonly at: number } | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.delete(first.key);
    return first;
  }

  #settle(entry: Entry<Key>): void {
    this.#rise(entry);
    this.#sink(entry);
  }

  #rise(entry: Entry<Key>): void {
    while (entry.place > 0) {
      const place = (entry.place - 1) >> 1;
      const parent = this.#heap[place];
      if (parent === undefined || parent.at <= entry.at) return;
      this.#place(parent, entry.place);
      this.#place(entry, place);
    }
  }

  #sink(entry: Entry<Key>): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= entry.at) return;
      const { place } = child;
      this.#place(child, entry.place);
      this.#place(entry, place);
    }
  }

  #place(entry: Entry<Key>, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
