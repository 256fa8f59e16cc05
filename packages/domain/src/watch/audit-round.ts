import type { UserId } from "../ids.ts";
import type { Topic } from "./topic.ts";

/** Whom to read again although the feed says nothing: everyone once in a round, spread out, and at once whoever could not be read. */
export class AuditRound {
  readonly #topics: ReadonlyMap<UserId, Topic>;
  readonly #roundMs: number;
  readonly #failed = new Set<Topic>();
  #budget = 0;
  #cursor: Iterator<Topic> | undefined;

  constructor(topics: ReadonlyMap<UserId, Topic>, roundMs: number) {
    this.#topics = topics;
    this.#roundMs = roundMs;
  }

  /** Whose turn it is, `elapsedMs` after the last call, at most so many. */
  take(elapsedMs: number, most: number): readonly Topic[] {
    const { size } = this.#topics;
    this.#budget = Math.min(this.#budget + (size * elapsedMs) / this.#roundMs, size);
    const batch: Topic[] = [];
    for (const topic of this.#failed) {
      if (batch.length === most) break;
      this.#failed.delete(topic);
      if (this.#isDue(topic)) batch.push(topic);
    }
    while (this.#budget >= 1 && batch.length < most) {
      this.#budget--;
      this.#cursor ??= this.#topics.values();
      const next = this.#cursor.next();
      if (next.done) this.#cursor = undefined;
      else if (this.#isDue(next.value)) batch.push(next.value);
    }
    return batch;
  }

  /** They could not be read: they are next. */
  failed(topics: readonly Topic[]): void {
    for (const topic of topics) this.#failed.add(topic);
  }

  // Who is not trusted is read anyway.
  #isDue(topic: Topic): boolean {
    return topic.trusted && topic.watches.size > 0 && this.#topics.get(topic.userId) === topic;
  }
}
