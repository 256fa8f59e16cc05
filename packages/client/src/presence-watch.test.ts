import { Metadata, Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import { FeedState, PresenceServiceService, Status, type WatchPresenceRequest, type WatchPresenceResponse } from "@presence/proto";
import { afterEach, describe, expect, test } from "vitest";
import { createPresenceClient, type PresenceClient } from "./presence-client.ts";
import type { WatchUpdate } from "./presence-watch.ts";
import { reconnectDelayMs } from "./watch-backoff.ts";

type Call = ServerWritableStream<WatchPresenceRequest, WatchPresenceResponse>;

let server: Server | undefined;
let client: PresenceClient | undefined;
afterEach(() => {
  client?.close();
  server?.forceShutdown();
});

/** A real server whose n-th stream does what the n-th script says, and a client of it. */
async function start(...scripts: readonly ((call: Call) => void)[]): Promise<PresenceClient> {
  return clientOf(undefined, ...scripts);
}

async function clientOf(token: (() => string) | undefined, ...scripts: readonly ((call: Call) => void)[]): Promise<PresenceClient> {
  let count = 0;
  server = new Server();
  const { watchPresence } = PresenceServiceService;
  server.addService({ watchPresence } as never, { watchPresence: (call: Call) => scripts[count++]?.(call) });
  const port = await new Promise<number>((resolve, reject) => {
    server?.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  client = createPresenceClient({ server: `127.0.0.1:${port}`, token });
  return client;
}

function presence(version: bigint) {
  return { userId: "alice", status: Status.ONLINE, since: undefined, lastSeen: undefined, message: "", version, validUntil: undefined };
}

const snapshot = (version: bigint): WatchPresenceResponse => ({ event: { $case: "snapshot", value: { presences: [presence(version)] } } });
const change = (version: bigint): WatchPresenceResponse => ({ event: { $case: "change", value: { presence: presence(version) } } });
const feed = (state: FeedState): WatchPresenceResponse => ({ event: { $case: "feed", value: { state } } });

function end(call: Call, code: status): void {
  call.emit("error", { code, details: "", metadata: new Metadata() });
}

function short(update: WatchUpdate): string {
  switch (update.kind) {
    case "snapshot":
      return `[${update.presences.map(({ version }) => version).join()}]`;
    case "change":
    case "joined":
      return String(update.presence.version);
    case "left":
      return `-${update.userId}`;
    case "stale":
      return update.reason === undefined ? "stale" : `lost ${update.reason.code}`;
    case "live":
      return "live";
  }
}

async function told(watch: AsyncGenerator<WatchUpdate, void>, count: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const update of watch) if (lines.push(short(update)) === count) break;
  return lines;
}

const quick = { backoff: { initialMs: 5 } };

describe("a watch", () => {
  test("gives a snapshot and changes, and says when the view is stale", async () => {
    const one = await start((call) => {
      for (const message of [snapshot(1n), change(2n), feed(FeedState.STALE), snapshot(4n), feed(FeedState.LIVE)]) call.write(message);
    });
    expect(await told(one.watchPresence(["alice"]), 5)).toEqual(["[1]", "2", "stale", "[4]", "live"]);
  });

  test("connects again by itself, and says so", async () => {
    const one = await start(
      (call) => {
        call.write(snapshot(1n));
        setTimeout(() => end(call, status.UNAVAILABLE), 20);
      },
      (call) => end(call, status.INTERNAL),
      // A server resets a watcher that did not read for a minute.
      (call) => end(call, status.CANCELLED),
      (call) => void call.write(snapshot(2n)),
    );
    const lines = await told(one.watchPresence(["alice"], quick), 5);
    expect(lines).toEqual(["[1]", "lost UNAVAILABLE", "lost INTERNAL", "lost CANCELLED", "[2]"]);
  });

  test("never tells an older change, whichever server says it", async () => {
    const one = await start((call) => {
      for (const message of [snapshot(5n), change(4n), change(5n), change(6n)]) call.write(message);
    });
    expect(await told(one.watchPresence(["alice"]), 2)).toEqual(["[5]", "6"]);
  });

  test("goes on when the server ends the stream without an error", async () => {
    const one = await start(
      (call) => {
        call.write(snapshot(1n));
        call.end();
      },
      (call) => void call.write(snapshot(2n)),
    );
    expect(await told(one.watchPresence(["alice"], quick), 3)).toEqual(["[1]", "stale", "[2]"]);
  });

  test("that ends with its token goes on with the next one, and gives up where that is refused", async () => {
    const one = await start(
      (call) => {
        call.write(snapshot(1n));
        setTimeout(() => end(call, status.UNAUTHENTICATED), 20);
      },
      (call) => {
        call.write(snapshot(2n));
        setTimeout(() => end(call, status.UNAUTHENTICATED), 20);
      },
      (call) => end(call, status.UNAUTHENTICATED),
    );
    const lines: string[] = [];
    const watching = (async () => {
      for await (const update of one.watchPresence(["alice"], quick)) lines.push(short(update));
    })();
    await expect(watching).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(lines).toEqual(["[1]", "lost UNAUTHENTICATED", "[2]", "lost UNAUTHENTICATED"]);
  });

  test("waits for a token that cannot be had", async () => {
    let asked = 0;
    const token = () => {
      if (++asked < 3) throw new Error("the issuer is away");
      return "s3";
    };
    const one = await clientOf(token, (call) => void call.write(snapshot(1n)));
    expect(await told(one.watchPresence(["alice"], quick), 3)).toEqual(["lost UNAVAILABLE", "lost UNAVAILABLE", "[1]"]);
  });

  test("gives up where trying again would not help", async () => {
    const one = await start((call) => end(call, status.INVALID_ARGUMENT));
    await expect(told(one.watchPresence([""]), 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("ends with its signal, with its reader and with the client, and the server is told", async () => {
    let cancelled = 0;
    const open = (call: Call) => {
      call.on("cancelled", () => cancelled++);
      call.write(snapshot(1n));
    };
    const one = await start(open, open, open);
    const controller = new AbortController();
    const watch = one.watchPresence(["alice"], { signal: controller.signal });
    await watch.next();
    controller.abort();
    expect((await watch.next()).done).toBe(true);
    await told(one.watchPresence(["alice"]), 1);
    const last = one.watchPresence(["alice"]);
    await last.next();
    one.close();
    expect((await last.next()).done).toBe(true);
    await expect.poll(() => cancelled).toBe(3);
  });
});

test("the wait doubles with each failure, up to its longest, and no two clients wait alike", () => {
  const waits = (random: number) => [1, 2, 3, 9].map((failures) => reconnectDelayMs({ initialMs: 200, maxMs: 5_000 }, failures, random));
  expect(waits(0)).toEqual([100, 200, 400, 2_500]);
  expect(waits(0.999)).toEqual([199.9, 399.8, 799.6, 4_997.5]);
});
