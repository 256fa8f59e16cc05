import { type ServiceError, status } from "@grpc/grpc-js";
import { type Presence, type PresenceServiceClient, Status, StatusReason } from "@presence/proto";
import { milliseconds, percentile } from "./figures.ts";
import type { Line, Recorder, Told } from "./records.ts";
import { toldBy } from "./told.ts";

/** One unary call that has ended. */
export interface CallOutcome {
  /** Monotonic, in milliseconds. */
  readonly sentAt: number;
  readonly tookMs: number;
  /** gRPC status. */
  readonly code: number;
  readonly details: string;
}

interface Answer {
  readonly presence?: Presence | undefined;
}

export interface CallLoadParts {
  /** Users whose apps are `phone`, and who live throughout. */
  readonly users: readonly string[];
  readonly channels: readonly PresenceServiceClient[];
  readonly recorder: Recorder;
  /** How long a call may take; more than the servers need to give up. Default 2 s. */
  readonly deadlineMs?: number;
  /** Statuses that users set now and then; default all but OFFLINE. */
  readonly choices?: readonly Status[];
}

const everyMs = 10;
const maxOpen = 5_000;
const allChoices = [Status.ONLINE, Status.AWAY, Status.DND];

/** Reads, heartbeats and changes of status at a steady rate, whether they are answered or not. */
export class CallLoad {
  readonly #parts: CallLoadParts;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  readonly outcomes: CallOutcome[] = [];

  constructor(parts: CallLoadParts) {
    this.#parts = parts;
  }

  start(callsPerSecond: number): void {
    let budget = 0;
    this.#timer = setInterval(() => {
      budget = Math.min(budget + (callsPerSecond * everyMs) / 1_000, callsPerSecond / 10);
      for (; budget >= 1 && this.#open.size < maxOpen; budget--) {
        const one: Promise<void> = this.#call(this.#sent++).finally(() => this.#open.delete(one));
        this.#open.add(one);
      }
    }, everyMs);
  }

  /** Resolves when every call has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  /** Forgets how calls have ended so far. */
  forget(): void {
    this.outcomes.length = 0;
  }

  /** Calls sent in this span that were refused. */
  refused(fromMs = 0, untilMs = Number.POSITIVE_INFINITY): readonly CallOutcome[] {
    return this.outcomes.filter(({ sentAt, code }) => code !== status.OK && sentAt >= fromMs && sentAt < untilMs);
  }

  /** The first calls of those sent from then on that were answered well. */
  answeredSince(fromMs: number): readonly CallOutcome[] {
    return this.outcomes.filter(({ sentAt, code }) => code === status.OK && sentAt >= fromMs);
  }

  summary(): string {
    const took = this.answeredSince(0).map(({ tookMs }) => tookMs);
    return `${this.outcomes.length} calls (${this.refused().length} refused), p50 ${milliseconds(percentile(took, 0.5))}, p99 ${milliseconds(percentile(took, 0.99))}`;
  }

  #call(turn: number): Promise<void> {
    const { channels, users, deadlineMs = 2_000, choices = allChoices } = this.#parts;
    const channel = channels[turn % channels.length] ?? raise();
    const user = users[Math.floor(Math.random() * users.length)] ?? raise();
    const sentAt = performance.now();
    const options = { deadline: Date.now() + deadlineMs } as never;
    return new Promise((resolve) => {
      const done = (write: (told: Told) => Line) => (error: ServiceError | null, answer: Answer) => {
        this.#note(sentAt, error, answer, write);
        resolve();
      };
      if (turn % 10 < 6) {
        // A name of its own for each: what calls are told that overlap has no order.
        const write = done((told) => ({ kind: "read", client: `call-${turn}`, sentAt, ...told }));
        channel.getPresence({ userId: user }, options, write);
      } else if (turn % 10 < 9) {
        const write = done(() => ({ kind: "alive", user, sentAt }));
        channel.heartbeat({ userId: user, deviceId: "phone", idleFor: undefined }, options, write);
      } else {
        const chosen = choices[Math.floor(Math.random() * choices.length)] ?? Status.ONLINE;
        const request = { userId: user, status: chosen, reason: StatusReason.MANUAL, expiresIn: undefined, message: "", deviceId: "phone" };
        channel.setStatus(
          request,
          options,
          done((told) => ({ kind: "changed", ...told })),
        );
      }
    });
  }

  #note(sentAt: number, error: ServiceError | null, answer: Answer, write: (told: Told) => Line): void {
    const tookMs = performance.now() - sentAt;
    this.outcomes.push({ sentAt, tookMs, code: error?.code ?? status.OK, details: error?.details ?? "" });
    if (error === null && answer.presence !== undefined) this.#parts.recorder.write(write(toldBy(answer.presence)));
  }
}

function raise(): never {
  throw new Error("a load needs users and servers");
}
