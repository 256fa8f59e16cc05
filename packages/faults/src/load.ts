import type { ClientDuplexStream } from "@grpc/grpc-js";
import { type AttachRequest, type AttachResponse, type PresenceServiceClient, Status, StatusReason } from "@presence/proto";
import type { Recorder } from "./records.ts";
import { toldBy } from "./told.ts";

const everyMs = 20;
const maxWaiting = 2_000;
const choices = [Status.AWAY, Status.DND, Status.ONLINE];

/** Devices on one attached stream, whose users change their status as often as is asked for. */
export class Load {
  readonly #stream: ClientDuplexStream<AttachRequest, AttachResponse>;
  readonly #users: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #answered = 0;
  #errors = 0;

  constructor(channel: PresenceServiceClient, users: readonly string[], recorder: Recorder) {
    this.#stream = channel.attach();
    this.#users = users;
    this.#stream.on("data", ({ response }: AttachResponse) => {
      this.#answered++;
      if (response?.$case === "error") this.#errors++;
      if (response?.$case === "ack" && response.value.presence !== undefined)
        recorder.write({ kind: "changed", ...toldBy(response.value.presence) });
    });
    this.#stream.on("error", () => {
      this.#errors++;
    });
  }

  /** Changes that were carried out, and requests that were refused. */
  get counters(): { readonly changes: number; readonly errors: number } {
    return { changes: this.#answered - this.#users.length, errors: this.#errors };
  }

  /** Brings everyone online. */
  async connect(): Promise<void> {
    for (const userId of this.#users) this.#ask({ $case: "connect", value: { userId, deviceId: "phone", idleFor: undefined } });
    await this.#answers();
  }

  start(changesPerSecond: number): void {
    let budget = 0;
    this.#timer = setInterval(() => {
      budget = Math.min(budget + (changesPerSecond * everyMs) / 1_000, changesPerSecond / 10);
      for (; budget >= 1 && this.#sent - this.#answered < maxWaiting; budget--) {
        const userId = this.#users[this.#sent % this.#users.length] ?? "";
        // Another status each time, so that every one is a change.
        const status = choices[Math.floor(this.#sent / this.#users.length) % choices.length] ?? Status.ONLINE;
        const value = { userId, status, reason: StatusReason.MANUAL, expiresIn: undefined, message: "", deviceId: "phone" };
        this.#ask({ $case: "setStatus", value });
      }
    }, everyMs);
  }

  /** Resolves when every answer is there. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#answers();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#stream.cancel();
  }

  #ask(request: NonNullable<AttachRequest["request"]>): void {
    this.#stream.write({ requestId: BigInt(++this.#sent), request });
  }

  async #answers(): Promise<void> {
    for (const deadline = performance.now() + 20_000; this.#answered < this.#sent; ) {
      if (performance.now() > deadline) throw new Error(`${this.#sent - this.#answered} requests have no answer`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
