import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { AttachResponse, PresenceServiceClient } from "@presence/proto";
import { afterEach, describe, expect, test } from "vitest";
import { jwtServer, metadataOf, tokenOf } from "../auth/callers.fixture.ts";
import { refusalOf } from "../generic-client.fixture.ts";
import { startServer } from "../running-server.fixture.ts";
import { connectTo, eventually, Recorded } from "../streams/stream-client.fixture.ts";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});
function keep<Opened extends { close(): unknown }>(one: Opened): Opened {
  opened.push(one);
  return one;
}

const get = (client: PresenceServiceClient, metadata = new Metadata()): Promise<unknown> =>
  new Promise((resolve, reject) => {
    client.getPresence({ userId: "alice" }, metadata, { deadline: Date.now() + 5_000 }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });

/** The refusals among calls that are made at once. */
async function refusals(calls: readonly Promise<unknown>[]): Promise<ServiceError[]> {
  const results = await Promise.allSettled(calls);
  return results.flatMap((result) => (result.status === "rejected" ? [result.reason as ServiceError] : []));
}

describe("calls per second", () => {
  test("of one user are limited, with the time to wait; others are not held up, services not counted", async () => {
    const guarded = keep(await jwtServer({ PRESENCE_CALLS_PER_SECOND: "5" }));
    const client = guarded.client();
    const [alice, bob, service] = [await guarded.metadata("self"), await guarded.metadata("other user"), await guarded.metadata("service")];
    const refused = await refusals(Array.from({ length: 20 }, () => get(client, alice)));
    expect(refused.length).toBeGreaterThanOrEqual(9);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([status.RESOURCE_EXHAUSTED]));
    const { retryMs = 0 } = await refusalOf(Promise.reject(refused[0]));
    expect(retryMs).toBeGreaterThan(0);
    expect(retryMs).toBeLessThanOrEqual(200);
    expect(await refusals([get(client, bob)])).toEqual([]);
    expect(await refusals(Array.from({ length: 100 }, () => get(client, service)))).toEqual([]);
    await sleep(retryMs + 250);
    expect(await refusals([get(client, alice)])).toEqual([]);
  });

  test("are requests on an attached stream, which lives on", async () => {
    const guarded = keep(await jwtServer({ PRESENCE_CALLS_PER_SECOND: "5" }));
    const stream = guarded.client().attach(await guarded.metadata("self"));
    const told = new Recorded<AttachResponse>(stream);
    const value = { userId: "", deviceId: "", idleFor: undefined };
    for (let id = 1n; id <= 20n; id++) stream.write({ requestId: id, request: { $case: "activity", value } });
    await told.until("20 answers", (messages) => messages.length === 20);
    const codes = told.messages.map(({ response }) => (response?.$case === "error" ? response.value.status?.code : response?.$case));
    expect(codes.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => "ack"));
    expect(codes.slice(12)).toEqual(Array.from({ length: 8 }, () => status.RESOURCE_EXHAUSTED));
    expect(told.error).toBeUndefined();
    stream.cancel();
  });
});

describe("sizes", () => {
  test("of metadata and of requests are limited", async () => {
    const server = keep(await startServer({ PRESENCE_MAX_HEADER_BYTES: "2000", PRESENCE_MAX_MESSAGE_BYTES: "65536" }));
    const client = keep(connectTo(server.address));
    const with2kB = metadataOf("alice", "x".repeat(2_000));
    expect((await refusals([get(client, with2kB)]))[0]?.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(await refusals([get(client, metadataOf("alice", "x".repeat(1_000)))])).toEqual([]);
    const large = refusalOf(server.client.call("GetPresence", { user_id: "x".repeat(70_000) }));
    expect((await large).code).toBe(status.RESOURCE_EXHAUSTED);
    // Node refuses more than 64 kB of headers by itself; the server lives.
    expect(await refusals([get(client, metadataOf("alice", "x".repeat(100_000)))])).toHaveLength(1);
    expect(await refusals([get(client)])).toEqual([]);
  });
});

const closed = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.once("close", () => resolve(true));
    socket.on("error", () => {});
    setTimeout(() => resolve(false), 500);
  });

function http2(address: string): ClientHttp2Session {
  const session = connectHttp2(`http://${address}`);
  session.on("error", () => {});
  return keep(session);
}

describe("connections", () => {
  test("more than are allowed are refused, and one that ends makes room", async () => {
    const server = keep(await startServer({ PRESENCE_MAX_CONNECTIONS: "2" }));
    const port = Number(server.address.split(":")[1]);
    const sockets = [connectTcp(port, "127.0.0.1"), connectTcp(port, "127.0.0.1")];
    expect(await Promise.all(sockets.map(closed))).toEqual([false, false]);
    expect(await closed(connectTcp(port, "127.0.0.1"))).toBe(true);
    expect(server.log()).toContain("PRESENCE_MAX_CONNECTIONS");
    for (const socket of sockets) socket.destroy();
    await sleep(100);
    expect(await refusals([get(keep(connectTo(server.address)))])).toEqual([]);
  });

  test("tell how many streams they carry", async () => {
    const server = keep(await startServer({ PRESENCE_MAX_STREAMS: "7" }));
    const session = http2(server.address);
    await eventually("the settings", () => session.remoteSettings.maxConcurrentStreams === 7);
  });

  test.each([
    ["pings", (session: ClientHttp2Session) => session.ping(() => {})],
    ["settings", (session: ClientHttp2Session) => session.settings({ enablePush: false })],
  ])("that send nothing but %s are closed, others live", async (_what, send) => {
    const server = keep(await startServer());
    const other = keep(connectTo(server.address));
    await get(other);
    const session = http2(server.address);
    let goaway: number | undefined;
    session.on("goaway", (code) => {
      goaway = code;
    });
    for (let round = 0; round < 400 && !session.destroyed; round++) {
      for (let frame = 0; frame < 5 && !session.destroyed; frame++) send(session);
      await sleep(1);
    }
    await eventually("the end", () => session.destroyed);
    expect([undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM]).toContain(goaway);
    expect(await refusals([get(other)])).toEqual([]);
  });

  test("that reach their age are opened anew, and nobody attached is shown OFFLINE", async () => {
    const server = keep(
      await startServer({ PRESENCE_MAX_CONNECTION_AGE: "1s", PRESENCE_GRACE: "1s", PRESENCE_LEASE_TTL: "60s", PRESENCE_HEARTBEAT: "10s" }),
    );
    const stream = keep(connectTo(server.address)).attach();
    const told = new Recorded<AttachResponse>(stream);
    stream.write({ requestId: 1n, request: { $case: "connect", value: { userId: "alice", deviceId: "phone", idleFor: undefined } } });
    await told.until("a connection", (messages) => messages.length > 0);
    await eventually("the end", () => told.error !== undefined, 5_000);
    expect(told.error?.code).toBe(status.UNAVAILABLE);
    // More than the grace that a broken stream would have.
    await sleep(2_000);
    expect(((await get(keep(connectTo(server.address)))) as { presence: { status: number } }).presence.status).toBe(1);
  });
});

test("a token that is not used up is nobody's business: its user is counted, not his tokens", async () => {
  const guarded = keep(await jwtServer({ PRESENCE_CALLS_PER_SECOND: "5" }));
  const client = guarded.client();
  const calls = Array.from({ length: 20 }, async (_, index) => get(client, metadataOf(undefined, await tokenOf("alice", 60 + index))));
  expect((await refusals(calls)).length).toBeGreaterThanOrEqual(9);
});
