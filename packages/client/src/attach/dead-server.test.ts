import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createPresenceClient, type PresenceClient } from "../presence-client.ts";
import { type AttachServer, startAttachServer } from "./scripted-attach-server.fixture.ts";

/** A way to a server that can swallow everything from now on, as a network does whose other end is gone. */
class Way {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #dead = false;

  constructor(targetPort: number) {
    this.#server = createServer((incoming) => {
      const outgoing = connect(targetPort, "127.0.0.1");
      for (const [from, to] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        this.#sockets.add(from);
        from.on("data", (bytes) => {
          if (!this.#dead) to.write(bytes);
        });
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
      }
    });
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        const address = this.#server.address();
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  }

  die(): void {
    this.#dead = true;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

let server: AttachServer | undefined;
let way: Way | undefined;
let client: PresenceClient | undefined;
afterEach(() => {
  client?.close();
  way?.close();
  server?.close();
});

test("a server that is gone without a word is noticed within some 10 s", async () => {
  server = await startAttachServer();
  way = new Way(server.port);
  client = createPresenceClient({ server: `127.0.0.1:${await way.listen()}` });
  const attached = client.attach();
  await attached.connect({ userId: "alice", deviceId: "phone" });
  way.die();
  const diedAt = performance.now();
  const { value } = await attached.updates().next();
  const noticedMs = performance.now() - diedAt;
  console.log(`noticed after ${Math.round(noticedMs)} ms`);
  expect(value).toMatchObject({ kind: "stale", reason: { code: "UNAVAILABLE" } });
  expect(noticedMs).toBeLessThan(15_000);
});
