import { credentials, type ServiceError } from "@grpc/grpc-js";
import { PresenceServiceClient } from "@presence/proto";

/** What a stream has said so far, and how it ended. */
export class Recorded<Message> {
  readonly messages: Message[] = [];
  error: ServiceError | undefined;
  ended = false;

  constructor(stream: NodeJS.EventEmitter) {
    stream.on("data", (message: Message) => this.messages.push(message));
    stream.on("error", (error: ServiceError) => {
      this.error = error;
    });
    stream.on("end", () => {
      this.ended = true;
    });
  }

  /** Waits until `holds`, looking at everything that was said. */
  async until(what: string, holds: (messages: readonly Message[]) => boolean, timeoutMs = 5_000): Promise<void> {
    await eventually(
      what,
      () => holds(this.messages),
      timeoutMs,
      () => JSON.stringify(this.messages, bigintAsText).slice(-2_000),
    );
  }
}

/** @throws Error naming what did not come about in time */
export async function eventually(what: string, holds: () => boolean, timeoutMs = 5_000, state: () => string = () => ""): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what} ${state()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** A client with a connection of its own. */
export function connectTo(address: string): PresenceServiceClient {
  return new PresenceServiceClient(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
}
