import { createInterface } from "node:readline";
import { Client, credentials } from "@grpc/grpc-js";
import { PresenceServiceService as rpcs, WatchPresenceRequest, WatchPresenceResponse } from "@presence/proto";
import type { Told } from "./records.ts";
import { toldBy } from "./told.ts";

/** A process that watches, and is stopped and continued from outside. It reports when a line comes on its standard input. */
export interface StoppedWatcherReport {
  readonly snapshots: number;
  /** What waited for it while it was stopped the last time: encoded messages that were made before it went on. */
  readonly waited: { readonly messages: number; readonly bytes: number };
  /** The last word about each user; versions as text. */
  readonly told: readonly (Omit<Told, "version"> & { readonly version: string })[];
}

const pauseMs = 500;
const [address = "", ...userIds] = process.argv.slice(2);
const last = new Map<string, Told>();
let snapshots = 0;
let waited = { messages: 0, bytes: 0 };
let aliveAt = Date.now();
let wentOnAt = 0;

function notice(): void {
  const now = Date.now();
  if (now - aliveAt > pauseMs) {
    wentOnAt = now;
    waited = { messages: 0, bytes: 0 };
  }
  aliveAt = now;
}

function receive({ event }: WatchPresenceResponse, bytes: number): void {
  if (event?.$case === "snapshot") snapshots++;
  const presences = event?.$case === "snapshot" ? event.value.presences : event?.$case === "change" ? [event.value.presence] : [];
  for (const presence of presences) {
    if (presence === undefined) continue;
    // A version is the time of the change, in microseconds.
    if (event?.$case === "change" && Number(presence.version / 1_000n) < wentOnAt)
      waited = { messages: waited.messages + 1, bytes: waited.bytes + bytes };
    last.set(presence.userId, toldBy(presence));
  }
}

function open(client: Client): void {
  const decode = (bytes: Buffer) => ({ bytes: bytes.length, response: WatchPresenceResponse.decode(bytes) });
  const encode = (request: WatchPresenceRequest) => Buffer.from(WatchPresenceRequest.encode(request).finish());
  const stream = client.makeServerStreamRequest(rpcs.watchPresence.path, encode, decode, { userIds });
  stream.on("data", ({ bytes, response }: ReturnType<typeof decode>) => {
    notice();
    receive(response, bytes);
  });
  stream.once("error", () => setTimeout(() => open(client), 200));
}

setInterval(notice, 50);
open(new Client(address, credentials.createInsecure(), { "grpc.initial_reconnect_backoff_ms": 100 }));
createInterface(process.stdin).on("line", () => {
  const told = [...last.values()].map((one) => ({ ...one, version: String(one.version) }));
  process.stdout.write(`${JSON.stringify({ snapshots, waited, told } satisfies StoppedWatcherReport)}\n`);
});
// Its parent is gone.
process.stdin.on("end", () => process.exit(0));
