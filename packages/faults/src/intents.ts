import { setTimeout as sleep } from "node:timers/promises";
import { type PresenceServiceClient, type SetStatusResponse, Status, StatusReason } from "@presence/proto";
import type { Recorder } from "./records.ts";
import { toldBy } from "./told.ts";

/** In turn, so that each is a change. */
const turns = [
  [Status.AWAY, "AWAY"],
  [Status.DND, "DND"],
  [Status.ONLINE, "ONLINE"],
] as const;
const deadlineMs = 1_000;
const pauseMs = 150;

export interface IntentsParts {
  /** Who live and are ONLINE at first. Nobody else moves them. */
  readonly users: readonly string[];
  readonly channels: readonly PresenceServiceClient[];
  readonly recorder: Recorder;
}

/** Users who change their status one intent after the other, and try each on any server until it is acknowledged. */
export class Intents {
  readonly #parts: IntentsParts;
  #running: readonly Promise<void>[] = [];
  #ended = false;
  readonly counters = { carriedOut: 0, tries: 0, unsure: 0 };

  constructor(parts: IntentsParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#parts.users.map((user) => this.#live(user));
  }

  /** Resolves when the last intents are carried out. */
  async stop(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#running);
  }

  async #live(user: string): Promise<void> {
    for (let turn = 0; !this.#ended; turn++) {
      const [status, name] = turns[turn % turns.length] ?? turns[0];
      this.#parts.recorder.write({ kind: "intent", user, status: name });
      while (!(await this.#try(user, status))) await sleep(Math.random() * pauseMs);
      this.counters.carriedOut++;
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }

  #try(userId: string, status: Status): Promise<boolean> {
    const { channels, recorder } = this.#parts;
    const channel = channels[this.counters.tries++ % channels.length];
    const request = { userId, status, reason: StatusReason.MANUAL, expiresIn: undefined, message: "", deviceId: "phone" };
    return new Promise((resolve) => {
      channel?.setStatus(request, { deadline: Date.now() + deadlineMs } as never, (error: unknown, answer?: SetStatusResponse) => {
        if (error === null && answer?.presence !== undefined) recorder.write({ kind: "changed", ...toldBy(answer.presence) });
        else this.counters.unsure++;
        resolve(error === null);
      });
    });
  }
}
