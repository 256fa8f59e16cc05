import { type Attachment, createPresenceClient, type PresenceClient } from "@presence/client";
import type { Recorder } from "./records.ts";

/** An edge gateway: one connection, one stream, and the devices of many users on it. */
export class Gateway {
  readonly #client: PresenceClient;
  readonly #attached: Attachment;
  readonly #users: readonly string[];
  readonly #recorder: Recorder;
  /** How often it lost its connection, and how often everything was as before again. */
  readonly counters = { broken: 0, resumed: 0, lost: 0 };
  resumedAt = 0;

  constructor(server: string, users: readonly string[], recorder: Recorder) {
    this.#client = createPresenceClient({ server, deadlineMs: 60_000 });
    this.#attached = this.#client.attach();
    this.#users = users;
    this.#recorder = recorder;
  }

  /** Brings all of its devices online. */
  async start(): Promise<void> {
    this.#listen().catch((error: unknown) => {
      throw error;
    });
    await Promise.all(
      this.#users.map(async (userId) => {
        const sentAt = performance.now();
        await this.#attached.connect({ userId, deviceId: "phone" });
        this.#recorder.write({ kind: "alive", user: userId, sentAt });
      }),
    );
  }

  close(): void {
    this.#client.close();
  }

  async #listen(): Promise<void> {
    for await (const { kind } of this.#attached.updates()) {
      if (kind === "stale") this.counters.broken++;
      if (kind === "device-lost") this.counters.lost++;
      if (kind !== "resumed") continue;
      this.counters.resumed++;
      this.resumedAt = performance.now();
    }
  }
}
