import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { FeedState, type PresenceServiceClient, type WatchPresenceResponse } from "@presence/proto";
import type { Recorder } from "./records.ts";
import { toldBy } from "./told.ts";

const retryMs = 200;

/** A client that watches, opens its stream anew whenever that ends, and writes down every word, unfiltered. */
export class WatchRecorder {
  readonly name: string;
  readonly #users: readonly string[];
  readonly #channels: readonly PresenceServiceClient[];
  readonly #recorder: Recorder;
  #stream: ClientReadableStream<WatchPresenceResponse> | undefined;
  #opened = 0;
  #ended = false;
  snapshots = 0;
  events = 0;

  constructor(name: string, users: readonly string[], channels: readonly PresenceServiceClient[], recorder: Recorder) {
    this.name = name;
    this.#users = users;
    this.#channels = channels;
    this.#recorder = recorder;
  }

  open(): void {
    if (this.#ended) return;
    // Another server each time: a client that lost one goes elsewhere.
    const stream = this.#channels[this.#opened++ % this.#channels.length]?.watchPresence({ userIds: [...this.#users] });
    this.#stream = stream;
    this.#recorder.write({ kind: "opened", client: this.name });
    stream?.on("data", (response: WatchPresenceResponse) => this.#receive(response));
    stream?.once("error", ({ code }: ServiceError) => {
      if (!this.#ended) this.#recorder.write({ kind: "closed", client: this.name, code });
      if (!this.#ended) setTimeout(() => this.open(), retryMs * Math.random());
    });
  }

  close(): void {
    this.#ended = true;
    this.#stream?.cancel();
  }

  #receive({ event }: WatchPresenceResponse): void {
    const client = this.name;
    switch (event?.$case) {
      case "snapshot":
        this.snapshots++;
        for (const presence of event.value.presences) this.#recorder.write({ kind: "snapshot", client, ...toldBy(presence) });
        break;
      case "change":
        this.events++;
        if (event.value.presence !== undefined) this.#recorder.write({ kind: "change", client, ...toldBy(event.value.presence) });
        break;
      case "feed":
        this.#recorder.write({ kind: event.value.state === FeedState.STALE ? "stale" : "live", client });
        break;
      default:
        throw new Error("an empty event");
    }
  }
}
