import type { PresenceServiceClient, SetStatusResponse } from "@presence/proto";
import { Status, StatusReason } from "@presence/proto";
import type { Recorder } from "./records.ts";
import { toldBy } from "./told.ts";

const choices = [Status.ONLINE, Status.AWAY, Status.DND];
const deadlineMs = 1_000;

export interface ChangesParts {
  readonly users: readonly string[];
  readonly channels: readonly PresenceServiceClient[];
  readonly recorder: Recorder;
}

/** Users who change their status at random, never to OFFLINE. Each acknowledged change is written down. */
export class Changes {
  readonly #parts: ChangesParts;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  count = 0;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => {
      const one: Promise<void> = this.#change().finally(() => this.#open.delete(one));
      this.#open.add(one);
    }, everyMs);
  }

  /** Resolves when every answer is there. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #change(): Promise<void> {
    const { users, channels, recorder } = this.#parts;
    const channel = pick(channels);
    const request = {
      userId: pick(users),
      status: pick(choices),
      reason: StatusReason.MANUAL,
      expiresIn: undefined,
      message: "",
      deviceId: "phone",
    };
    return new Promise((resolve) => {
      channel.setStatus(request, { deadline: Date.now() + deadlineMs } as never, (error: unknown, answer?: SetStatusResponse) => {
        if (error === null && answer?.presence !== undefined) {
          this.count++;
          recorder.write({ kind: "changed", ...toldBy(answer.presence) });
        }
        resolve();
      });
    });
  }
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}
