import { status as grpcStatus, Metadata } from "@grpc/grpc-js";
import * as proto from "@presence/proto";
import { afterEach, describe, expect, it } from "vitest";
import { createPresenceClient, type PresenceClient, PresenceClientError, type PresenceClientOptions } from "./index.ts";
import {
  type Answer,
  plainError,
  type ReceivedCall,
  richError,
  type ScriptedServer,
  startScriptedServer,
} from "./scripted-server.fixture.ts";

const online: Answer = { message: proto.GetPresenceResponse.fromPartial({ presence: { userId: "alice", status: proto.Status.ONLINE } }) };
const quick = { initialBackoffMs: 5, maxBackoffMs: 10 };

let opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});

async function setUp(
  script: (call: ReceivedCall, count: number) => Answer,
  options: Partial<PresenceClientOptions> = {},
): Promise<{ client: PresenceClient; server: ScriptedServer }> {
  const server = await startScriptedServer(script);
  const client = createPresenceClient({ server: server.address, retry: quick, ...options });
  opened.push(client, server);
  return { client, server };
}

async function failure(call: Promise<unknown>): Promise<PresenceClientError> {
  const error: unknown = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(PresenceClientError);
  return error as PresenceClientError;
}

const retryInfo = (nanos: number, seconds = 0n) => ({
  type: "google.rpc.RetryInfo",
  value: proto.RetryInfo.encode({ retryDelay: { seconds, nanos } }).finish(),
});

describe("errors are translated:", () => {
  it("BadRequest into violations", async () => {
    const value = proto.BadRequest.encode(
      proto.BadRequest.fromPartial({ fieldViolations: [{ field: "user_id", description: "is empty" }] }),
    ).finish();
    const { client, server } = await setUp(() =>
      richError(grpcStatus.INVALID_ARGUMENT, "user_id is empty", [{ type: "google.rpc.BadRequest", value }]),
    );
    const error = await failure(client.getPresence(""));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "user_id is empty",
      violations: [{ field: "user_id", description: "is empty" }],
      reason: undefined,
      retryAfterMs: undefined,
    });
    expect(error.cause).toMatchObject({ code: grpcStatus.INVALID_ARGUMENT });
    expect(server.received).toHaveLength(1);
  });

  it("ErrorInfo into a reason", async () => {
    const value = proto.ErrorInfo.encode(proto.ErrorInfo.fromPartial({ reason: "DEVICE_DISCONNECTED", domain: "presence" })).finish();
    const { client } = await setUp(() => richError(grpcStatus.FAILED_PRECONDITION, "it left", [{ type: "google.rpc.ErrorInfo", value }]));
    expect(await failure(client.heartbeat({ userId: "alice", deviceId: "phone" }))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "DEVICE_DISCONNECTED",
      violations: [],
    });
  });

  it("RetryInfo into milliseconds", async () => {
    const { client, server } = await setUp(() => richError(grpcStatus.UNAVAILABLE, "blind", [retryInfo(250_000_000, 34n)]));
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "UNAVAILABLE", message: "blind", retryAfterMs: 34_250 });
    // Waiting that long is in vain with a deadline of 5 s.
    expect(server.received).toHaveLength(1);
  });

  it("a plain status into its name, details of unknown types left aside", async () => {
    const { client } = await setUp(({ rpc }) =>
      rpc === "getPresence"
        ? plainError(grpcStatus.PERMISSION_DENIED, "no")
        : richError(grpcStatus.ABORTED, "x", [{ type: "google.rpc.Help", value: Buffer.from("?") }]),
    );
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "PERMISSION_DENIED", message: "no" });
    expect(await failure(client.getPartyPresence("lobby"))).toMatchObject({ code: "ABORTED", message: "x" });
  });

  it("details that are garbage do not hide the status", async () => {
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff, 0xff]));
    const { client } = await setUp(() => ({ error: { code: grpcStatus.NOT_FOUND, details: "gone", metadata } }));
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "NOT_FOUND", message: "gone" });
  });
});

describe("retries:", () => {
  it("a call is sent again while the server is unavailable", async () => {
    const { client, server } = await setUp((_, count) => (count < 3 ? plainError(grpcStatus.UNAVAILABLE) : online));
    expect(await client.getPresence("alice")).toMatchObject({ status: "ONLINE" });
    expect(server.received).toHaveLength(3);
  });

  it("but not for ever", async () => {
    const { client, server } = await setUp(() => plainError(grpcStatus.UNAVAILABLE, "away"), { retry: { ...quick, maxAttempts: 2 } });
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "UNAVAILABLE", message: "away" });
    expect(server.received).toHaveLength(2);
  });

  it("not before the time that the server asked for", async () => {
    const arrivals: number[] = [];
    const { client } = await setUp((_, count) => {
      arrivals.push(performance.now());
      return count === 1 ? richError(grpcStatus.UNAVAILABLE, "blind", [retryInfo(150_000_000)]) : online;
    });
    await client.getPresence("alice");
    expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThanOrEqual(149);
  });

  it("only where it can help", async () => {
    const { client, server } = await setUp(() => plainError(grpcStatus.RESOURCE_EXHAUSTED));
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(server.received).toHaveLength(1);
  });

  it("a server that comes up meanwhile is found", async () => {
    const { server } = await setUp(() => online);
    const { port, address } = server;
    await server.close();
    const client = createPresenceClient({ server: address, retry: { maxAttempts: 50, initialBackoffMs: 20, backoffMultiplier: 1 } });
    opened.push(client);
    const answer = client.getPresence("alice");
    opened.push(await startScriptedServer(() => online, { port }));
    expect(await answer).toMatchObject({ status: "ONLINE" });
  });

  it("nobody there is UNAVAILABLE, without a time to wait", async () => {
    const { client, server } = await setUp(() => online);
    await server.close();
    expect(await failure(client.getPresence("alice"))).toMatchObject({
      code: "UNAVAILABLE",
      retryAfterMs: undefined,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

describe("every call has a deadline:", () => {
  it("the server learns it, 5 s by default", async () => {
    const { client, server } = await setUp(() => online);
    await client.getPresence("alice");
    const remaining = (server.received[0]?.deadlineAt ?? 0) - Date.now();
    expect(remaining).toBeGreaterThan(3_000);
    expect(remaining).toBeLessThan(5_100);
  });

  it("a server that says nothing is given up, and not asked again", async () => {
    const { client, server } = await setUp(() => "silence", { deadlineMs: 100 });
    const started = performance.now();
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(server.received).toHaveLength(1);
  });

  it("the tries of one call share it", async () => {
    const { client, server } = await setUp(() => plainError(grpcStatus.UNAVAILABLE), {
      deadlineMs: 200,
      retry: { maxAttempts: 1_000, initialBackoffMs: 20, maxBackoffMs: 20 },
    });
    const started = performance.now();
    expect(["UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain((await failure(client.getPresence("alice"))).code);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(server.received.length).toBeGreaterThan(1);
  });
});

describe("the caller", () => {
  it("says who he is", async () => {
    const { client, server } = await setUp(() => online, { user: "alice", token: "s1" });
    await client.getPresence("alice");
    expect(server.received[0]?.metadata.getMap()).toMatchObject({ "presence-user": "alice", authorization: "Bearer s1" });
  });

  it("is asked for his token again for each call", async () => {
    let count = 0;
    const { client, server } = await setUp(() => online, { token: () => `s${++count}` });
    await client.getPresence("alice");
    await client.getPresence("alice");
    expect(server.received.map(({ metadata }) => metadata.get("authorization"))).toEqual([["Bearer s1"], ["Bearer s2"]]);
  });

  it("may have no token for a moment", async () => {
    let count = 0;
    const token = () => {
      if (++count < 3) throw new Error("the issuer is away");
      return "s3";
    };
    const { client, server } = await setUp(() => online, { token });
    expect((await client.getPresence("alice")).status).toBe("ONLINE");
    expect(server.received.map(({ metadata }) => metadata.get("authorization"))).toEqual([["Bearer s3"]]);
    const never = await setUp(() => online, { token: () => token().slice(count), retry: { maxAttempts: 1 } });
    count = 0;
    const error = await failure(never.client.getPresence("alice"));
    expect(error).toMatchObject({ code: "UNAVAILABLE", cause: { message: "the issuer is away" } });
  });

  it("says nothing where nothing is known of him", async () => {
    const { client, server } = await setUp(() => online);
    await client.getPresence("alice");
    expect(Object.keys(server.received[0]?.metadata.getMap() ?? {})).not.toContain("authorization");
  });

  it("cannot have a token that breaks the metadata, and the error does not tell it", () => {
    const create = () => createPresenceClient({ server: "127.0.0.1:1", token: "sëcret\n" });
    expect(create).toThrow(new PresenceClientError("INVALID_ARGUMENT", "the token holds characters that gRPC metadata cannot carry"));
  });
});

describe("a closed client", () => {
  it("makes no more calls", async () => {
    const { client } = await setUp(() => online);
    client.close();
    expect(await failure(client.getPresence("alice"))).toMatchObject({ code: "CANCELLED" });
  });

  it("ends the calls that are open", async () => {
    const { client } = await setUp(() => "silence");
    const answer = failure(client.getPresence("alice"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
    expect(await answer).toMatchObject({ code: "CANCELLED" });
  });

  it("does not wait for another try", async () => {
    const { client } = await setUp(() => richError(grpcStatus.UNAVAILABLE, "blind", [retryInfo(0, 4n)]));
    const answer = failure(client.getPresence("alice"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closedAt = performance.now();
    client.close();
    expect(await answer).toMatchObject({ code: "CANCELLED" });
    expect(performance.now() - closedAt).toBeLessThan(2_000);
  });
});
