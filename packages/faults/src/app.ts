import { type ServiceError, status } from "@grpc/grpc-js";
import type { PresenceServiceClient } from "@presence/proto";
import type { Recorder } from "./records.ts";
import type { Timing } from "./timing.ts";

const deadlineMs = 1_000;

/** An app of one user, as apps should be: a sign of life each heartbeat, tried again with backoff through whichever server answers. */
export class App {
  readonly user: string;
  readonly #channels: readonly PresenceServiceClient[];
  readonly #recorder: Recorder;
  readonly #timing: Timing;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #attempts = 0;
  /** It stays with a server while that answers. */
  #server = Math.floor(Math.random() * 100);
  #ended = false;
  /** Signs that were acknowledged, and tries that were not. */
  readonly counters = { acknowledged: 0, failed: 0, reconnected: 0 };

  constructor(user: string, channels: readonly PresenceServiceClient[], recorder: Recorder, timing: Timing) {
    this.user = user;
    this.#channels = channels;
    this.#recorder = recorder;
    this.#timing = timing;
  }

  /** Comes online. Resolves with the first acknowledged sign of life. */
  async start(): Promise<void> {
    this.#ended = false;
    while (!(await this.#sign("connect"))) await new Promise((resolve) => setTimeout(resolve, 50));
    this.#schedule(this.#timing.heartbeatMs * Math.random());
  }

  /** Gives no sign of life any more, and says nothing. Resolves when the last try is over. */
  async fallSilent(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#running;
    this.#recorder.write({ kind: "silent", user: this.user });
  }

  /** The end of the test. */
  stop(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#sign("heartbeat").then((acknowledged) => {
        const { heartbeatMs } = this.#timing;
        if (acknowledged) this.#attempts = 0;
        const retryMs = Math.min(heartbeatMs / 4, 100 * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
        this.#schedule(acknowledged ? heartbeatMs * (0.9 + 0.2 * Math.random()) : retryMs);
      });
    }, delayMs);
  }

  async #sign(rpc: "connect" | "heartbeat"): Promise<boolean> {
    const sentAt = performance.now();
    const error = await this.#call(rpc);
    if (error === undefined) {
      this.counters.acknowledged++;
      this.#recorder.write({ kind: "alive", user: this.user, sentAt });
      return true;
    }
    this.counters.failed++;
    this.#server++;
    if (error.code !== status.FAILED_PRECONDITION) return false;
    // Nobody logs anyone out here: being refused is a fault of the service, which the records show by what watchers see.
    this.counters.reconnected++;
    return (await this.#call("connect")) === undefined;
  }

  #call(rpc: "connect" | "heartbeat"): Promise<ServiceError | undefined> {
    const channel = this.#channels[this.#server % this.#channels.length];
    const request = { userId: this.user, deviceId: "phone", idleFor: undefined };
    return new Promise((resolve) => {
      channel?.[rpc](request, { deadline: Date.now() + deadlineMs } as never, (error: ServiceError | null) => resolve(error ?? undefined));
    });
  }
}
