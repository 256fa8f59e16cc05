import type { PresenceServiceClient } from "@presence/proto";
import type { Recorder } from "./records.ts";
import { toldBy } from "./told.ts";

const deadlineMs = 1_000;

/** Most users in one call. */
export const batchSize = 1_000;

export function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** A client that asks for everyone again and again, a batch at a time, and writes down each answer. A refused answer is no lie. */
export class Reader {
  readonly #name: string;
  readonly #batches: readonly (readonly string[])[];
  readonly #channels: readonly PresenceServiceClient[];
  readonly #recorder: Recorder;
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;
  readonly counters = { answered: 0, refused: 0 };
  /** How long refused answers took, in milliseconds. */
  readonly refusedAfterMs: number[] = [];
  lastAnswerAt = 0;

  constructor(name: string, users: readonly string[], channels: readonly PresenceServiceClient[], recorder: Recorder) {
    this.#name = name;
    this.#batches = chunks(users, batchSize);
    this.#channels = channels;
    this.#recorder = recorder;
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => this.#read(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): void {
    const round = this.#turn++;
    const turn = round % this.#channels.length;
    const userIds = [...(this.#batches[Math.floor(round / this.#channels.length) % this.#batches.length] ?? [])];
    const sentAt = performance.now();
    // One name a server: what two servers say at one time has no order.
    const client = `${this.#name}.${turn}`;
    this.#channels[turn]?.batchGetPresence({ userIds }, { deadline: Date.now() + deadlineMs } as never, (error, response) => {
      if (error !== null) {
        this.counters.refused++;
        this.refusedAfterMs.push(performance.now() - sentAt);
        return;
      }
      this.counters.answered++;
      this.lastAnswerAt = performance.now();
      for (const presence of response.presences) this.#recorder.write({ kind: "read", client, sentAt, ...toldBy(presence) });
    });
  }
}
