/** So many callers may be remembered before those who are at rest are forgotten. */
const sweepAt = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** How often each of many callers may do something: `perSecond` on the long run, `burst` at once. In memory, for this process alone. */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = sweepAt;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
  }

  /** How many callers are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes one token of `key`.
   * @returns milliseconds until one will be there; 0 where it was taken
   */
  take(key: string, now: number): number {
    const bucket = this.#refilled(key, now);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perMs);
    bucket.tokens--;
    return 0;
  }

  #refilled(key: string, now: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      known.tokens = Math.min(this.#burst, known.tokens + Math.max(0, now - known.at) * this.#perMs);
      known.at = now;
      return known;
    }
    if (this.#buckets.size >= this.#sweepAt) this.#forget(now);
    const bucket = { tokens: this.#burst, at: now };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  // A full bucket is the same as none.
  #forget(now: number): void {
    for (const [key, { tokens, at }] of this.#buckets) {
      if (tokens + (now - at) * this.#perMs >= this.#burst) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(sweepAt, 2 * this.#buckets.size);
  }
}
