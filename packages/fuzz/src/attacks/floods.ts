import { setTimeout as sleep } from "node:timers/promises";
import { bytesFor, rpcs } from "../messages.ts";
import type { Random } from "../random.ts";
import { callHeaders, flags, frame, grpcMessage, headerBlock, hello, preface, types } from "../wire/frames.ts";
import { RawConnection } from "../wire/raw-connection.ts";
import type { Attack } from "./attack.ts";

/** Frames in one write. */
const batch = 100;
const floodMs = 700;

/** Sends what `next` makes, a hundred at a time, until the connection ends or the time is over. */
function flood(name: string, next: (random: Random, index: number) => Buffer, begin: Buffer = hello): Attack {
  return {
    name,
    async run({ address, random }) {
      const connection = await RawConnection.open(address);
      if (connection === undefined) return 0;
      await connection.send(begin);
      let sent = 0;
      for (const deadline = performance.now() + floodMs; connection.open && performance.now() < deadline; await sleep(0)) {
        const frames = Array.from({ length: batch }, () => next(random, sent++));
        await connection.send(Buffer.concat(frames));
      }
      connection.close();
      return sent;
    },
  };
}

const anyPath = (random: Random) => random.pick(rpcs).path;
const streamOf = (index: number) => 1 + 2 * (index % 0x3fffffff);
const openedHeaders = (random: Random, id: number) => frame(types.headers, flags.endHeaders, id, callHeaders(anyPath(random)));

export const floods: readonly Attack[] = [
  flood("rapid reset", (random, index) => {
    const id = streamOf(index);
    return Buffer.concat([openedHeaders(random, id), frame(types.rstStream, 0, id, Buffer.of(0, 0, 0, 8))]);
  }),
  flood("reset by a bad frame", (random, index) => {
    const id = streamOf(index);
    // A window of nothing is an error that the server has to answer with a reset.
    return Buffer.concat([openedHeaders(random, id), frame(types.windowUpdate, 0, id, Buffer.alloc(4))]);
  }),
  flood("many streams", (random, index) => {
    const { path } = random.pick(rpcs);
    const id = streamOf(index);
    const headers = frame(types.headers, flags.endHeaders, id, callHeaders(path));
    return Buffer.concat([headers, frame(types.data, flags.endStream, id, grpcMessage(bytesFor(path, random).subarray(0, 1_000)))]);
  }),
  flood("pings", (random) => frame(types.ping, 0, 0, random.bytes(8))),
  flood("answers to no ping", (random) => frame(types.ping, flags.ack, 0, random.bytes(8))),
  flood("settings", (random) => frame(types.settings, 0, 0, Buffer.concat([Buffer.of(0, random.below(8)), random.bytes(4)]))),
  flood("empty settings", () => frame(types.settings, 0, 0)),
  flood("answers to no settings", () => frame(types.settings, flags.ack, 0)),
  flood("priorities", (random, index) => frame(types.priority, 0, streamOf(index), random.bytes(5))),
  flood("window updates", () => frame(types.windowUpdate, 0, 0, Buffer.of(0, 0, 0, 1))),
  flood("a window beyond its end", () => frame(types.windowUpdate, 0, 0, Buffer.of(0x7f, 255, 255, 255))),
  flood("headers that never end", (random, index) =>
    index === 0
      ? frame(types.headers, 0, 1, callHeaders(anyPath(random)))
      : frame(types.continuation, 0, 1, headerBlock([[`x-${index}`, "y".repeat(random.below(100))]])),
  ),
  flood("empty continuations", (random, index) =>
    index === 0 ? frame(types.headers, 0, 1, callHeaders(anyPath(random))) : frame(types.continuation, 0, 1),
  ),
  flood("large headers", (random, index) => {
    const more = Array.from({ length: 3 }, (_, at) => [`x-${at}`, "y".repeat(4_000)] as const);
    return frame(types.headers, flags.endHeaders | flags.endStream, streamOf(index), callHeaders(anyPath(random), more));
  }),
  flood("empty data", (random, index) => (index === 0 ? openedHeaders(random, 1) : frame(types.data, 0, 1))),
  flood("padded data", (random, index) =>
    index === 0 ? openedHeaders(random, 1) : frame(types.data, flags.padded, 1, Buffer.concat([Buffer.of(200), Buffer.alloc(200)])),
  ),
  flood("promises of a client", (random, index) => frame(types.pushPromise, flags.endHeaders, streamOf(index), random.bytes(20))),
  flood("goaways", () => frame(types.goaway, 0, 0, Buffer.alloc(8))),
  flood("unknown frames", (random, index) => frame(10 + random.below(246), random.below(256), index, random.bytes(random.below(50)))),
  flood("random frames", (random) => {
    const payload = random.bytes(random.below(60));
    const length = random.chance(0.1) ? random.next() & 0xffffff : payload.length;
    return frame(random.below(12), random.below(256), random.below(20), payload, length);
  }),
  flood("random headers", (random, index) => frame(types.headers, flags.endHeaders, streamOf(index), random.bytes(1 + random.below(60)))),
  flood("no HTTP/2 at all", (random) => random.bytes(50), Buffer.alloc(0)),
  flood("HTTP/1", () => Buffer.from("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), Buffer.alloc(0)),
  flood("a long greeting", () => preface),
];

/** Connections that say half a word, or ask for much and read nothing. */
export const silentConnections: Attack = {
  name: "silent connections",
  async run({ address, random }) {
    const opened = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(address)));
    const connections = opened.filter((connection) => connection !== undefined);
    for (const connection of connections) {
      if (random.chance(0.5)) connection.deaf();
      await connection.send(hello.subarray(0, random.below(hello.length + 1)));
      if (random.chance(0.5)) continue;
      const watch = "/presence.v1.PresenceService/WatchPresence";
      await connection.send(openedHeaders(random, 1));
      for (let id = 3; id < 40; id += 2) {
        await connection.send(frame(types.headers, flags.endHeaders, id, callHeaders(watch)));
        await connection.send(frame(types.data, flags.endStream, id, grpcMessage(bytesFor(watch, random))));
      }
    }
    await sleep(floodMs);
    for (const connection of connections) connection.close();
    return connections.length;
  },
};
