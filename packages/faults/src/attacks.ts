import { randomBytes } from "node:crypto";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { SetStatusRequest, Status, StatusReason, WatchPresenceRequest } from "@presence/proto";

/** What an attack did, and what came back. */
export interface Damage {
  readonly attack: string;
  readonly times: number;
  /** How often each answer came: a gRPC status, or how the stream or connection ended. */
  readonly answers: Readonly<Record<string, number>>;
}

/** @param size 1 for all of it, a part of 1 for less */
type Attack = (address: string, size: number) => Promise<Damage>;

const streamsPerConnection = 1_000;
const patienceMs = 5_000;
const service = "/presence.v1.PresenceService";

export const attacks: readonly Attack[] = [manyStreams, resets, largeMessages, badGzip, garbage, badIds];

/** Watches without end. */
async function manyStreams(address: string, size: number): Promise<Damage> {
  const tally = new Tally();
  const times = Math.ceil(10_000 * size);
  const request = frame(WatchPresenceRequest.encode({ userIds: ["living-0"] }).finish());
  const sessions = Array.from({ length: Math.ceil(times / streamsPerConnection) }, () => openSession(address));
  const ends = Array.from({ length: times }, (_, index) => call(sessions[index % sessions.length], "WatchPresence", request, tally));
  await Promise.race([Promise.all(ends), sleep(patienceMs)]);
  for (const session of sessions) session.destroy();
  return { attack: "streams at once", times, answers: tally.counts };
}

/** Streams that are reset as soon as they are open. */
async function resets(address: string, size: number): Promise<Damage> {
  const tally = new Tally();
  const times = Math.ceil(20_000 * size);
  let session = openSession(address);
  for (let sent = 0; sent < times; sent++) {
    if (session.destroyed || session.closed) {
      tally.add("connection closed");
      session = openSession(address);
    }
    const stream = session.request(headers("GetPresence"));
    stream.on("error", () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    if (sent % 500 === 0) await sleep(5);
  }
  session.destroy();
  return { attack: "streams opened and reset", times, answers: tally.counts };
}

async function largeMessages(address: string, size: number): Promise<Damage> {
  const message = "x".repeat(5 * 1024 * 1024);
  const request = { userId: "living-0", status: Status.DND, reason: StatusReason.MANUAL, expiresIn: undefined, message, deviceId: "phone" };
  return repeat("messages of 5 MB", Math.ceil(20 * size), address, "SetStatus", frame(SetStatusRequest.encode(request).finish()));
}

/** What is no gzip, and what becomes 100 MB. */
async function badGzip(address: string, size: number): Promise<Damage> {
  const times = Math.ceil(50 * size);
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const broken = await repeat("", times, address, "SetStatus", frame(randomBytes(1_000), true));
  const grown = await repeat("", times, address, "SetStatus", frame(bomb, true));
  const answers = { ...broken.answers };
  for (const [answer, count] of Object.entries(grown.answers)) answers[answer] = (answers[answer] ?? 0) + count;
  return { attack: "bad gzip", times: 2 * times, answers };
}

async function garbage(address: string, size: number): Promise<Damage> {
  const tally = new Tally();
  const times = Math.ceil(500 * size);
  const [host = "", port = "0"] = address.split(":");
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  for (let sent = 0; sent < times; sent++) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), host, () => {
        if (sent % 2 === 0) socket.write(preface);
        socket.end(randomBytes(2_000));
      });
      socket.setTimeout(patienceMs, () => socket.destroy());
      socket.resume();
      socket.on("error", () => tally.add("reset"));
      socket.on("close", () => resolve());
    });
  }
  return { attack: "connections of random bytes", times, answers: tally.counts };
}

async function badIds(address: string, size: number): Promise<Damage> {
  const ids = ["", " ", "a b", "\n", "ä", "x".repeat(100_000), "alice\u0000", "{due:1}"];
  const tally = new Tally();
  const times = Math.ceil(100 * size);
  const session = openSession(address);
  for (let round = 0; round < times; round++) {
    const request = frame(WatchPresenceRequest.encode({ userIds: [ids[round % ids.length] ?? ""] }).finish());
    await call(session, "WatchPresence", request, tally);
  }
  const noMessage = frame(randomBytes(500));
  for (let round = 0; round < times; round++) await call(session, "BatchHeartbeat", noMessage, tally);
  session.destroy();
  return { attack: "bad ids and bytes that are no message", times: 2 * times, answers: tally.counts };
}

async function repeat(attack: string, times: number, address: string, rpc: string, request: Buffer): Promise<Damage> {
  const tally = new Tally();
  const session = openSession(address);
  for (let sent = 0; sent < times; sent++) await call(session.destroyed ? openSession(address) : session, rpc, request, tally);
  session.destroy();
  return { attack, times, answers: tally.counts };
}

function openSession(address: string): ClientHttp2Session {
  const session = connectHttp2(`http://${address}`);
  // Its streams end with it, and say so.
  session.on("error", () => {});
  return session;
}

function headers(rpc: string): Record<string, string> {
  return { ":method": "POST", ":path": `${service}/${rpc}`, "content-type": "application/grpc", te: "trailers", "grpc-encoding": "gzip" };
}

/** Resolves when the stream has ended, or when it goes on for longer than anybody waits. */
function call(session: ClientHttp2Session | undefined, rpc: string, request: Buffer, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    if (session === undefined || session.destroyed) {
      tally.add("no connection");
      resolve();
      return;
    }
    const stream = session.request(headers(rpc));
    let status = "no status";
    const note = (received: Record<string, unknown>) => {
      if (received["grpc-status"] !== undefined) status = `status ${String(received["grpc-status"])}`;
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("error", () => {
      status = "reset";
    });
    stream.once("close", () => {
      tally.add(status);
      resolve();
    });
    stream.setTimeout(patienceMs, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.resume();
    stream.end(request);
  });
}

/** As gRPC sends it: whether it is compressed, its length, and the bytes. */
function frame(message: Uint8Array, compressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

class Tally {
  readonly counts: Record<string, number> = {};

  add(answer: string): void {
    this.counts[answer] = (this.counts[answer] ?? 0) + 1;
  }
}
