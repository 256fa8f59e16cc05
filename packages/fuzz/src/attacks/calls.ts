import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { deflateSync, gzipSync } from "node:zlib";
import { bytesFor, rpcs, sample } from "../messages.ts";
import type { Random } from "../random.ts";
import { grpcMessage } from "../wire/frames.ts";
import type { Attack, Field } from "./attack.ts";

const callsAtOnce = 40;
const callMs = 300;

/** Every rpc with bytes of every kind, in calls that HTTP/2 itself has nothing against. */
export const badCalls: Attack = { name: "bad calls", run: (field) => withSession(field, (session) => manyCalls(session, field.random)) };

/** Good requests of every rpc, as quickly as one connection can send them. */
export const busyCalls: Attack = {
  name: "busy calls",
  run: (field) =>
    withSession(field, (session) =>
      inBatches(8, () => {
        const { path } = field.random.pick(rpcs);
        return call(session, headersOf(path), [grpcMessage(sample(path, field.random))], field.random);
      }),
    ),
};

/** Streams that are opened and left open, half of them by a peer that reads nothing. */
export const idleStreams: Attack = {
  name: "idle streams",
  run: (field) =>
    withSession(field, async (session) => {
      const streams: ClientHttp2Stream[] = [];
      for (let count = 0; count < 300; count++) {
        const path = `/presence.v1.PresenceService/${field.random.pick(["Attach", "WatchPresence", "WatchParty"])}`;
        const stream = open(session, headersOf(path));
        if (stream === undefined) break;
        stream.write(grpcMessage(sample(path, field.random)));
        if (field.random.chance(0.5)) stream.pause();
        streams.push(stream);
      }
      await sleep(callMs);
      for (const stream of streams) stream.close(field.random.pick([0, 8, 11]));
      return streams.length;
    }),
};

function manyCalls(session: ClientHttp2Session, random: Random): Promise<number> {
  return inBatches(4, () => {
    const { path } = random.pick(rpcs);
    const headers = { ...headersOf(path), ...oddHeaders(random) };
    const parts = Array.from({ length: random.pick([0, 1, 1, 1, 1, 2, 5]) }, () => part(path, random));
    return call(session, headers, parts, random);
  });
}

async function inBatches(batches: number, one: () => Promise<void>): Promise<number> {
  for (let batch = 0; batch < batches; batch++) await Promise.all(Array.from({ length: callsAtOnce }, one));
  return batches * callsAtOnce;
}

/** What stands where a message should. */
function part(path: string, random: Random): Buffer {
  const bytes = bytesFor(path, random);
  switch (random.below(12)) {
    case 0:
      return grpcMessage(gzipSync(bytes), 1);
    case 1:
      return grpcMessage(deflateSync(bytes), 1);
    case 2:
      return grpcMessage(random.bytes(50), 1);
    case 3:
      return grpcMessage(gzipSync(bytes).subarray(0, 15), 1);
    case 4:
      // A small message that unpacks to four megabytes.
      return grpcMessage(gzipSync(Buffer.alloc(4_000_000)), 1);
    case 5:
      return grpcMessage(bytes, random.below(256));
    case 6:
      return grpcMessage(bytes, 0, random.pick([0, 1, bytes.length + 100, 0x7fffffff, 0xffffffff]));
    case 7:
      return grpcMessage(Buffer.alloc(random.pick([1_100_000, 5_000_000])));
    case 8:
      return random.bytes(random.below(20));
    default:
      return grpcMessage(bytes);
  }
}

function headersOf(path: string): OutgoingHttpHeaders {
  return { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
}

function oddHeaders(random: Random): OutgoingHttpHeaders {
  switch (random.below(14)) {
    case 0:
      return { "grpc-encoding": random.pick(["gzip", "deflate", "snappy", "identity", ""]) };
    case 1:
      return { "grpc-timeout": random.pick(["0n", "1n", "99999999H", "-1S", "x", "1000000000000S", "10m", ""]) };
    case 2:
      return {
        authorization: random.pick(["Bearer", "Bearer ", "Basic YTpi", `Bearer ${"x".repeat(7_000)}`, "Bearer a.b.c"]),
        "presence-user": "user-1",
      };
    case 3:
      return { "grpc-trace-bin": random.pick(["AAA", "%%%", "", "AAAA,BBBB"]), traceparent: "00-x" };
    case 4:
      return Object.fromEntries(Array.from({ length: random.below(100) }, (_, index) => [`x-${index}`, "y".repeat(random.below(200))]));
    case 5:
      return { "content-type": random.pick(["application/grpc+json", "text/html", "application/grpc-web", "application/grpcx"]) };
    case 6:
      return {
        ":path": random.pick([
          "/",
          "*",
          "//",
          "/presence.v1.PresenceService/",
          `/${"x".repeat(5_000)}`,
          "/presence.v1.PresenceService/connect",
        ]),
      };
    case 7:
      return { ":method": random.pick(["GET", "PUT", "OPTIONS", "x"]) };
    default:
      return { "grpc-encoding": "gzip" };
  }
}

async function call(session: ClientHttp2Session, headers: OutgoingHttpHeaders, parts: readonly Buffer[], random: Random): Promise<void> {
  const stream = open(session, headers);
  if (stream === undefined) return;
  const ended = new Promise<void>((resolve) => stream.once("close", resolve));
  for (const bytes of parts) stream.write(bytes);
  if (random.chance(0.1)) stream.close(8);
  else if (random.chance(0.9)) stream.end();
  await Promise.race([ended, sleep(callMs)]);
  stream.destroy();
}

/** Undefined: the session takes no more. */
function open(session: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream | undefined {
  if (session.destroyed || session.closed) return undefined;
  try {
    const stream = session.request(headers);
    stream.on("error", () => {});
    stream.resume();
    return stream;
  } catch {
    // Node's own client refuses some headers; other peers do not, and the floods speak without it.
    return undefined;
  }
}

async function withSession({ address }: Field, use: (session: ClientHttp2Session) => Promise<number>): Promise<number> {
  const session = connect(`http://${address}`);
  session.on("error", () => {});
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}
