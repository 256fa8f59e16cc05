import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, refusalOf, unaryRpcs } from "./generic-client.fixture.ts";
import { type RunningServer, startServer } from "./running-server.fixture.ts";

let server: RunningServer;
const call = (rpc: string, request?: object): Promise<Answer> => server.client.call(rpc, request);

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const long = "x".repeat(129);
const device = { user_id: "alice", device_id: "phone" };
const dnd = { user_id: "alice", status: "STATUS_DND" };

/** What is called, with what, and the field that is blamed. */
const bad: readonly (readonly [rpc: string, request: object, field: string])[] = [
  ...["Connect", "Heartbeat", "Disconnect"].flatMap((rpc) => [
    [rpc, { ...device, user_id: "" }, "user_id"] as const,
    [rpc, { ...device, user_id: long }, "user_id"] as const,
    [rpc, { ...device, user_id: "a\u0000b" }, "user_id"] as const,
    [rpc, { ...device, user_id: "ålice" }, "user_id"] as const,
    [rpc, { ...device, user_id: "a{b}" }, "user_id"] as const,
    [rpc, { ...device, device_id: "" }, "device_id"] as const,
    [rpc, { ...device, device_id: long }, "device_id"] as const,
    [rpc, { ...device, device_id: "a\nb" }, "device_id"] as const,
  ]),
  ...["GetPresence", "ExplainPresence", "DisconnectUser"].flatMap((rpc) => [
    [rpc, {}, "user_id"] as const,
    [rpc, { user_id: long }, "user_id"] as const,
    [rpc, { user_id: "a b" }, "user_id"] as const,
  ]),
  ...["Connect", "Heartbeat"].flatMap((rpc) => [
    [rpc, { ...device, idle_for: { seconds: -1 } }, "idle_for"] as const,
    [rpc, { ...device, idle_for: { nanos: -1 } }, "idle_for"] as const,
    [rpc, { ...device, idle_for: { seconds: 1, nanos: -1 } }, "idle_for"] as const,
    [rpc, { ...device, idle_for: { nanos: 1_000_000_000 } }, "idle_for.nanos"] as const,
    [rpc, { ...device, idle_for: { seconds: 315_576_000_001 } }, "idle_for.seconds"] as const,
  ]),
  ["BatchHeartbeat", { heartbeats: [device, device, { ...device, device_id: "" }] }, "heartbeats[2].device_id"],
  ["BatchHeartbeat", { heartbeats: [device, { ...device, user_id: long }] }, "heartbeats[1].user_id"],
  ["BatchHeartbeat", { heartbeats: [{ ...device, idle_for: { seconds: -5 } }] }, "heartbeats[0].idle_for"],
  ["BatchHeartbeat", { heartbeats: Array.from({ length: 1_001 }, () => device) }, "heartbeats"],
  ["BatchGetPresence", { user_ids: ["a", "b", "c", ""] }, "user_ids[3]"],
  ["BatchGetPresence", { user_ids: Array.from({ length: 1_001 }, (_, index) => `u${index}`) }, "user_ids"],
  ["GetPartyPresence", {}, "party_id"],
  ["GetPartyPresence", { party_id: "a\u007fb" }, "party_id"],
  ...["SetStatus", "OverrideStatus"].flatMap((rpc) => [
    [rpc, { ...dnd, user_id: "" }, "user_id"] as const,
    [rpc, { user_id: "alice" }, "status"] as const,
    [rpc, { ...dnd, status: 5 }, "status"] as const,
    [rpc, { ...dnd, status: -1 }, "status"] as const,
    [rpc, { ...dnd, expires_in: {} }, "expires_in"] as const,
    [rpc, { ...dnd, expires_in: { seconds: -1 } }, "expires_in"] as const,
    [rpc, { ...dnd, expires_in: { seconds: 367 * 86_400 } }, "expires_in"] as const,
    [rpc, { ...dnd, message: "x".repeat(281) }, "message"] as const,
    [rpc, { ...dnd, message: "\u001b[31mred" }, "message"] as const,
  ]),
  ["SetStatus", { ...dnd, device_id: long }, "device_id"],
  ["SetStatus", { ...dnd, reason: 3 }, "reason"],
  ["SetStatus", { ...dnd, reason: "STATUS_REASON_INACTIVITY" }, "reason"],
  ["SetStatus", { ...dnd, status: "STATUS_AWAY", reason: "STATUS_REASON_INACTIVITY", message: "gone" }, "message"],
  ["ListUsers", { page_size: -1 }, "page_size"],
  ["ListUsers", { page_size: 1_001 }, "page_size"],
  ["ListUsers", { statuses: ["STATUS_AWAY", "STATUS_UNSPECIFIED"] }, "statuses[1]"],
  ["ListUsers", { statuses: [9] }, "statuses[0]"],
  ["ListUsers", { page_token: "made up" }, "page_token"],
];

describe("bad input is INVALID_ARGUMENT with the field named, and changes nothing", () => {
  test.each(bad.map(([rpc, request, field]) => [rpc, field, request] as const))("%s: %s", async (rpc, field, request) => {
    const refusal = await refusalOf(call(rpc, request));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, fields: [field] });
    expect(refusal.message.startsWith(field)).toBe(true);
  });

  test("280 characters are a message, also of emoji, and a nanosecond is more than nothing", async () => {
    const { claim } = await call("OverrideStatus", {
      user_id: "emma",
      status: "STATUS_DND",
      message: "🙂".repeat(280),
      expires_in: { nanos: 1 },
    });
    expect([...claim.message]).toHaveLength(280);
    await server.client.call("DisconnectUser", { user_id: "emma" });
  });

  test("afterwards nobody but that user is known", async () => {
    expect((await call("ListUsers")).presences.map(({ user_id }: Answer) => user_id)).toEqual(["emma"]);
  });
});

describe("bytes that are no message", () => {
  const garbage = {
    "a length beyond the end": [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    "a varint without an end": [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    "a wire type that does not exist": [...Buffer.from("not a message")],
    "field number zero": [0x00, 0x01, 0x02],
    "the end of a group that never began": [0x0c],
    "groups without an end": Array.from({ length: 10_000 }, () => 0x1b),
  };
  const cases = unaryRpcs.flatMap((rpc) => Object.entries(garbage).map(([what, bytes]) => [rpc, what, Buffer.from(bytes)] as const));

  test("reach every unary rpc of both services", () => {
    expect(unaryRpcs).toHaveLength(13);
  });

  test.each(cases)("%s: %s", async (rpc, _what, bytes) => {
    const refusal = await refusalOf(server.client.send(rpc, bytes));
    expect(refusal).toMatchObject({ code: status.INVALID_ARGUMENT, message: "the request is no message of this rpc" });
  });

  test("text that is no UTF-8 is refused rather than replaced", async () => {
    const bytes = Buffer.from([0x0a, 0x03, 0x61, 0xff, 0x62]);
    expect((await refusalOf(server.client.send("GetPresence", bytes))).message).toBe("the request is no message of this rpc");
  });

  test("fields of a newer contract are ignored", async () => {
    const bytes = Buffer.concat([Buffer.from([0x0a, 0x05]), Buffer.from("alice"), Buffer.from([0xf8, 0x07, 0x01])]);
    expect((await server.client.send("GetPresence", bytes)).length).toBeGreaterThan(0);
  });

  test("more than a mebibyte is refused, and the server lives", async () => {
    expect((await refusalOf(server.client.send("GetPresence", Buffer.alloc(1_100_000)))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await call("GetPresence", { user_id: "alice" })).presence.status).toBe("STATUS_OFFLINE");
  });
});
