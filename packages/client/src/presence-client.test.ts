import { status as grpcStatus } from "@grpc/grpc-js";
import * as proto from "@presence/proto";
import { afterEach, describe, expect, it } from "vitest";
import { createPresenceClient, type PresenceClient, type PresenceClientOptions } from "./index.ts";
import { type Answer, type ReceivedCall, type ScriptedServer, startScriptedServer } from "./scripted-server.fixture.ts";

const since = new Date("2030-01-01T12:00:00.000Z");
const validUntil = new Date("2030-01-01T12:01:30.500Z");
const wire = proto.Presence.fromPartial({
  userId: "alice",
  status: proto.Status.DND,
  since,
  message: "on call",
  version: 9_007_199_254_740_993n,
  validUntil,
});
const alice = {
  userId: "alice",
  status: "DND",
  since,
  lastSeen: undefined,
  message: "on call",
  version: 9_007_199_254_740_993n,
  validUntil,
};
const wireClaim = proto.Claim.fromPartial({ status: proto.Status.DND, message: "on call" });
const claim = { status: "DND", until: undefined, message: "on call" };

let opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});

async function setUp(
  script: (call: ReceivedCall) => Answer,
  options: Partial<PresenceClientOptions> = {},
): Promise<{ client: PresenceClient; server: ScriptedServer }> {
  const server = await startScriptedServer(script);
  const client = createPresenceClient({ server: server.address, ...options });
  opened.push(client, server);
  return { client, server };
}

async function answered(message: object): Promise<{ client: PresenceClient; server: ScriptedServer }> {
  return setUp(() => ({ message }));
}

describe("the presence service", () => {
  it("tells the presence of a user in plain types, a version beyond 2^53 included", async () => {
    const { client, server } = await answered(proto.GetPresenceResponse.fromPartial({ presence: wire }));
    expect(await client.getPresence("alice")).toEqual(alice);
    expect(server.received.map(({ rpc, request }) => ({ rpc, request }))).toEqual([{ rpc: "getPresence", request: { userId: "alice" } }]);
  });

  it("tells of a user never seen that he is OFFLINE, without times", async () => {
    const { client } = await answered(
      proto.GetPresenceResponse.fromPartial({ presence: { userId: "nobody", status: proto.Status.OFFLINE } }),
    );
    expect(await client.getPresence("nobody")).toEqual({
      userId: "nobody",
      status: "OFFLINE",
      since: undefined,
      lastSeen: undefined,
      message: "",
      version: 0n,
      validUntil: undefined,
    });
  });

  it("connects a device", async () => {
    const answer = {
      presence: wire,
      claim: wireClaim,
      leaseTtl: { seconds: 120n },
      heartbeatInterval: { seconds: 30n, nanos: 500_000_000 },
    };
    const { client, server } = await answered(proto.ConnectResponse.fromPartial(answer));
    expect(await client.connect({ userId: "alice", deviceId: "phone", idleForMs: 1_500 })).toEqual({
      presence: alice,
      claim,
      leaseTtlMs: 120_000,
      heartbeatIntervalMs: 30_500,
    });
    expect(server.received[0]?.request).toEqual({ userId: "alice", deviceId: "phone", idleFor: { seconds: 1n, nanos: 500_000_000 } });
  });

  it("sends a heartbeat, and leaves idleness away where it is not told", async () => {
    const { client, server } = await answered(proto.HeartbeatResponse.fromPartial({ presence: wire, leaseTtl: { seconds: 120n } }));
    expect(await client.heartbeat({ userId: "alice", deviceId: "phone" })).toEqual({
      presence: alice,
      claim: undefined,
      leaseTtlMs: 120_000,
    });
    expect(server.received[0]?.request).toEqual({ userId: "alice", deviceId: "phone", idleFor: undefined });
  });

  it("tells for each heartbeat of a batch a status or an error", async () => {
    const refused = { code: grpcStatus.FAILED_PRECONDITION, message: "it left", details: [] };
    const results = [
      { userId: "alice", deviceId: "phone", status: proto.Status.AWAY },
      { userId: "bob", deviceId: "desk", error: refused },
    ];
    const { client } = await answered(proto.BatchHeartbeatResponse.fromPartial({ results }));
    const [first, second] = await client.batchHeartbeat([
      { userId: "alice", deviceId: "phone", idleForMs: 0 },
      { userId: "bob", deviceId: "desk" },
    ]);
    expect(first).toEqual({ userId: "alice", deviceId: "phone", status: "AWAY" });
    expect(second).toMatchObject({
      userId: "bob",
      deviceId: "desk",
      error: { name: "PresenceClientError", code: "FAILED_PRECONDITION", message: "it left" },
    });
  });

  it("sets a status, by hand if nothing else is said", async () => {
    const { client, server } = await answered(proto.SetStatusResponse.fromPartial({ presence: wire, claim: wireClaim }));
    expect(await client.setStatus({ userId: "alice", status: "DND", expiresInMs: 3_600_000, message: "on call" })).toEqual({
      presence: alice,
      claim,
    });
    expect(server.received[0]?.request).toEqual({
      userId: "alice",
      status: proto.Status.DND,
      reason: proto.StatusReason.MANUAL,
      expiresIn: { seconds: 3_600n, nanos: 0 },
      message: "on call",
      deviceId: "",
    });
  });

  it("logs a device out", async () => {
    const { client, server } = await answered(proto.DisconnectResponse.fromPartial({ presence: wire }));
    expect(await client.disconnect({ userId: "alice", deviceId: "phone" })).toEqual(alice);
    expect(server.received[0]?.rpc).toBe("disconnect");
  });

  it("reads many users and a party, with a number for every status", async () => {
    const party = { partyId: "lobby", members: [wire], counts: [{ status: proto.Status.DND, count: 1 }] };
    const { client } = await setUp(({ rpc }) => ({
      message:
        rpc === "batchGetPresence"
          ? proto.BatchGetPresenceResponse.fromPartial({ presences: [wire] })
          : proto.GetPartyPresenceResponse.fromPartial({ party }),
    }));
    expect(await client.batchGetPresence(["alice"])).toEqual([alice]);
    expect(await client.getPartyPresence("lobby")).toEqual({
      partyId: "lobby",
      members: [alice],
      counts: { ONLINE: 0, AWAY: 0, DND: 1, OFFLINE: 0 },
    });
  });
});

describe("the admin service", () => {
  it("explains a user", async () => {
    const answer = {
      presence: wire,
      claim: wireClaim,
      devices: [{ deviceId: "phone", leaseUntil: validUntil, attached: true }],
      session: { exists: true, bound: true, ttl: { seconds: 90n } },
      because: "he said so",
      next: { at: validUntil, status: proto.Status.OFFLINE, because: "the last lease ends" },
    };
    const { client } = await answered(proto.ExplainPresenceResponse.fromPartial(answer));
    expect(await client.admin.explainPresence("alice")).toEqual({
      presence: alice,
      claim,
      devices: [{ deviceId: "phone", leaseUntil: validUntil, activeUntil: undefined, attached: true, left: false }],
      session: { exists: true, bound: true, ttlMs: 90_000 },
      because: "he said so",
      next: { at: validUntil, status: "OFFLINE", because: "the last lease ends" },
    });
  });

  it("overrides a status and kicks", async () => {
    const { client, server } = await answered(proto.OverrideStatusResponse.fromPartial({ presence: wire, claim: wireClaim }));
    expect(await client.admin.overrideStatus({ userId: "alice", status: "DND", ensureOnline: true })).toEqual({ presence: alice, claim });
    expect(await client.admin.disconnectUser("alice")).toEqual(alice);
    expect(server.received.map(({ rpc, request }) => ({ rpc, request }))).toEqual([
      {
        rpc: "overrideStatus",
        request: { userId: "alice", status: proto.Status.DND, expiresIn: undefined, message: "", ensureOnline: true },
      },
      { rpc: "disconnectUser", request: { userId: "alice" } },
    ]);
  });

  it("lists users page by page", async () => {
    const { client, server } = await setUp(({ request }) => {
      const first = (request as proto.ListUsersRequest).pageToken === "";
      return { message: proto.ListUsersResponse.fromPartial({ presences: first ? [wire] : [], nextPageToken: first ? "more" : "" }) };
    });
    expect(await client.admin.listUsers({ statuses: ["AWAY", "DND"], pageSize: 7 })).toEqual({ presences: [alice], nextPageToken: "more" });
    expect(await client.admin.listUsers({ pageToken: "more" })).toEqual({ presences: [], nextPageToken: undefined });
    expect(server.received.map(({ request }) => request)).toEqual([
      { statuses: [proto.Status.AWAY, proto.Status.DND], pageSize: 7, pageToken: "" },
      { statuses: [], pageSize: 0, pageToken: "more" },
    ]);
  });

  it("tells the service at a glance", async () => {
    const answer = {
      counts: [{ status: proto.Status.ONLINE, count: 3 }],
      devices: 4n,
      watchStreams: 5n,
      sweepLag: { nanos: 250_000_000 },
      feed: proto.FeedState.STALE,
      uptime: { seconds: 60n },
      version: "1.2.3",
      store: "redis",
    };
    const { client } = await answered(proto.GetStatsResponse.fromPartial(answer));
    expect(await client.admin.getStats()).toEqual({
      counts: { ONLINE: 3, AWAY: 0, DND: 0, OFFLINE: 0 },
      devices: 4,
      watchStreams: 5,
      sweepLagMs: 250,
      feed: "STALE",
      uptimeMs: 60_000,
      version: "1.2.3",
      store: "redis",
    });
  });
});

describe("an answer that breaks the contract is an INTERNAL error:", () => {
  it("one without a presence", async () => {
    const { client } = await answered(proto.GetPresenceResponse.fromPartial({}));
    await expect(client.getPresence("alice")).rejects.toMatchObject({
      name: "PresenceClientError",
      code: "INTERNAL",
      message: "the server's answer has no presence",
    });
  });

  it("one with a status number that is not known", async () => {
    const unknown = { ...proto.Presence.fromPartial({ userId: "alice" }), status: 7 };
    const { client } = await answered({ presence: unknown });
    await expect(client.getPresence("alice")).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("status number 7"),
    });
  });
});

it("a duration that is none is refused before anything is sent", async () => {
  const { client, server } = await answered({});
  const violations = [{ field: "expires_in", description: "is not a number of milliseconds" }];
  await expect(client.setStatus({ userId: "alice", status: "DND", expiresInMs: Number.NaN })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    violations,
  });
  expect(server.received).toEqual([]);
});
