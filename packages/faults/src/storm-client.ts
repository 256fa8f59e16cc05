import type { ClientDuplexStream } from "@grpc/grpc-js";
import { type AttachRequest, type AttachResponse, FeedState, type PresenceServiceClient } from "@presence/proto";
import type { Recorder } from "./records.ts";
import { toldBy } from "./told.ts";

const firstRetryMs = 200;
const lastRetryMs = 5_000;

export interface StormClientParts {
  readonly user: string;
  readonly friends: readonly string[];
  /** Others may share it. */
  readonly channel: PresenceServiceClient;
  readonly recorder: Recorder;
}

/** An app: one stream with its own device and the presence of its friends, opened anew with backoff. It writes down every word, unfiltered. */
export class StormClient {
  readonly #parts: StormClientParts;
  #stream: ClientDuplexStream<AttachRequest, AttachResponse> | undefined;
  #failures = 0;
  #ended = false;
  /** When its device was connected last, and when it had a snapshot last; 0 for never. */
  connectedAt = 0;
  snapshotAt = 0;

  constructor(parts: StormClientParts) {
    this.#parts = parts;
  }

  open(): void {
    if (this.#ended) return;
    const { user, friends, channel, recorder } = this.#parts;
    const stream = channel.attach();
    this.#stream = stream;
    recorder.write({ kind: "opened", client: user });
    const sentAt = performance.now();
    stream.on("data", (response: AttachResponse) => this.#receive(response, sentAt));
    let over = false;
    stream.on("error", ({ code }: { readonly code: number }) => {
      if (this.#ended || over) return;
      over = true;
      recorder.write({ kind: "closed", client: user, code });
      // As the SDK does it: doubled each time, and never all at once.
      const mostMs = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#failures++);
      setTimeout(() => this.open(), mostMs * (0.5 + Math.random() / 2));
    });
    stream.write({ requestId: 1n, request: { $case: "connect", value: { userId: user, deviceId: "phone", idleFor: undefined } } });
    stream.write({ requestId: 2n, request: { $case: "watch", value: { userIds: [...friends], partyIds: [] } } });
  }

  /** An empty sign of life of its stream. */
  beat(): void {
    if (this.#stream?.writable === true)
      this.#stream.write({ requestId: 3n, request: { $case: "activity", value: { userId: "", deviceId: "", idleFor: undefined } } });
  }

  close(): void {
    this.#ended = true;
    this.#stream?.cancel();
  }

  #receive({ response }: AttachResponse, sentAt: number): void {
    const { user: client, recorder } = this.#parts;
    switch (response?.$case) {
      case "connected":
        this.#failures = 0;
        this.connectedAt = performance.now();
        recorder.write({ kind: "alive", user: client, sentAt });
        break;
      case "presence": {
        const { event } = response.value;
        if (event?.$case === "snapshot") {
          this.snapshotAt = performance.now();
          for (const presence of event.value.presences) recorder.write({ kind: "snapshot", client, ...toldBy(presence) });
        }
        if (event?.$case === "change" && event.value.presence !== undefined)
          recorder.write({ kind: "change", client, ...toldBy(event.value.presence) });
        break;
      }
      case "feed":
        recorder.write({ kind: response.value.state === FeedState.STALE ? "stale" : "live", client });
        break;
      case "error":
        // Such as while Redis is not there yet: what was asked for is asked for again on a new stream.
        this.#stream?.cancel();
        break;
      default:
        break;
    }
  }
}
