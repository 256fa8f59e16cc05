import { Client, credentials, type MethodDefinition, Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Encoded } from "./encoded-events.ts";
import { type OpenStream, OpenStreams } from "./open-streams.ts";
import { Outlet } from "./outlet.ts";
import { eventually, Recorded } from "./stream-client.fixture.ts";

const identity = (bytes: Buffer) => bytes;
const feed: MethodDefinition<Buffer, Buffer> = {
  path: "/test/Feed",
  requestStream: false,
  responseStream: true,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
};
const message = Buffer.alloc(1_000) as unknown as Encoded;
const stuckMs = 60_000;

let streams: OpenStreams;
let server: Server;
let client: Client;
let made = 0;
let released: boolean[] = [];

/** A real server that has more to say than anybody reads. */
beforeEach(async () => {
  streams = new OpenStreams();
  server = new Server();
  // Its own, since the streams of the test before end late.
  const ends: boolean[] = [];
  [made, released] = [0, ends];
  server.addService({ feed }, {
    feed: (call: ServerWritableStream<Buffer, Encoded>) => {
      const next = () => {
        made++;
        return message;
      };
      const outlet = new Outlet(call, next);
      const stream: OpenStream = { call, outlet, release: (drained) => void ends.push(drained) };
      streams.add(stream);
      outlet.wake();
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterEach(() => {
  client.close();
  server.forceShutdown();
});

/** A client whose connection lives, and who does not read. */
function watchWithoutReading() {
  const call = client.makeServerStreamRequest(feed.path, identity, identity, Buffer.alloc(0));
  const heard = new Recorded<Buffer>(call);
  call.pause();
  return { call, heard };
}

/** Resolves when nothing is made any more, since nobody takes it. */
async function full(): Promise<number> {
  await eventually("the first messages", () => made > 0);
  for (let before = -1; before !== made; await new Promise((resolve) => setTimeout(resolve, 100))) before = made;
  return made;
}

describe("a peer that does not read", () => {
  test("costs a few messages, whatever there is to say", async () => {
    watchWithoutReading();
    // The windows of HTTP/2 and our own queue; the rest is never made.
    expect((await full()) * message.length).toBeLessThan(512 * 1024);
  });

  test("is reset after 60 s: a status would wait behind what it does not read", async () => {
    const { call, heard } = watchWithoutReading();
    await full();
    streams.tick(0);
    streams.tick(stuckMs - 1);
    expect([streams.size, released]).toEqual([1, []]);
    streams.tick(stuckMs);
    expect([streams.size, released]).toEqual([0, [false]]);
    call.resume();
    await eventually("the reset", () => heard.error !== undefined);
    expect(heard.error?.code).toBe(status.CANCELLED);
  });

  test("is left alone once it reads again", async () => {
    const { call, heard } = watchWithoutReading();
    await full();
    streams.tick(0);
    call.resume();
    await eventually("many messages", () => heard.messages.length > 1_000);
    call.pause();
    await full();
    streams.tick(stuckMs);
    streams.tick(2 * stuckMs - 1);
    expect(streams.size).toBe(1);
    streams.tick(2 * stuckMs);
    expect(streams.size).toBe(0);
  });
});
