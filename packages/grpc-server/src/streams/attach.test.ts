import { type ClientDuplexStream, status } from "@grpc/grpc-js";
import { type AttachRequest, type AttachResponse, type PresenceServiceClient, Status } from "@presence/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { connectTo, eventually, Recorded } from "./stream-client.fixture.ts";

let server: RunningServer;
let clients: PresenceServiceClient[] = [];

beforeEach(async () => {
  server = await startServer({ PRESENCE_LEASE_TTL: "3s", PRESENCE_HEARTBEAT: "1s", PRESENCE_GRACE: "1s" });
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await server.close();
});

type Call = ClientDuplexStream<AttachRequest, AttachResponse>;
type Request = NonNullable<AttachRequest["request"]>;

class Attached extends Recorded<AttachResponse> {
  readonly call: Call;
  #count = 0n;

  constructor(call: Call) {
    super(call);
    this.call = call;
  }

  /** The answer to `request`. */
  async ask(request: Request | undefined): Promise<NonNullable<AttachResponse["response"]>> {
    const requestId = ++this.#count;
    this.call.write({ requestId, request });
    await this.until(`an answer to request ${requestId}`, (all) => all.some((one) => one.requestId === requestId));
    const response = this.messages.find((one) => one.requestId === requestId)?.response;
    if (response === undefined) throw new Error("an empty answer");
    return response;
  }

  connect(userId: string, deviceId: string) {
    return this.ask({ $case: "connect", value: { userId, deviceId, idleFor: undefined } });
  }
}

function attach(): Attached {
  const client = connectTo(server.address);
  clients.push(client);
  return new Attached(client.attach());
}

async function statusOf(userId: string): Promise<string> {
  return (await server.client.call("GetPresence", { user_id: userId })).presence.status;
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe("Attach", () => {
  test("an open stream is the heartbeat, as long as the client says something", async () => {
    const stream = attach();
    expect(await stream.connect("alice", "phone")).toMatchObject({
      $case: "connected",
      value: { presence: { status: Status.ONLINE }, leaseTtl: { seconds: 3n } },
    });
    for (let beats = 0; beats < 5; beats++) {
      await sleep(1_000);
      expect(await stream.ask({ $case: "activity", value: { userId: "", deviceId: "", idleFor: undefined } })).toMatchObject({
        $case: "ack",
      });
      expect(await statusOf("alice")).toBe("STATUS_ONLINE");
    }
  });

  test("a client that says nothing for a lease is let go, although its connection lives", async () => {
    const stream = attach();
    await stream.connect("alice", "phone");
    await sleep(7_500);
    expect(await statusOf("alice")).toBe("STATUS_OFFLINE");
    expect(stream.error).toBeUndefined();
  });

  test("a broken stream starts the grace, and a reconnect within it shows nothing", async () => {
    const watcher = new Recorded(connectAndKeep().watchPresence({ userIds: ["alice"] }));
    const first = attach();
    await first.connect("alice", "phone");
    await watcher.until("ONLINE", (all) => all.length === 2);
    first.call.cancel();
    await sleep(300);
    const second = attach();
    await second.connect("alice", "phone");
    await sleep(1_500);
    expect(watcher.messages).toHaveLength(2);
    second.call.cancel();
    await watcher.until("OFFLINE after the grace", (all) => all.length === 3, 2_500);
  });

  test("disconnect is immediate, and heartbeats of that device are refused then", async () => {
    const stream = attach();
    await stream.connect("alice", "phone");
    await stream.ask({ $case: "disconnect", value: { userId: "alice", deviceId: "phone" } });
    expect(await statusOf("alice")).toBe("STATUS_OFFLINE");
    const refused = await stream.ask({ $case: "activity", value: { userId: "alice", deviceId: "phone", idleFor: undefined } });
    expect(refused).toMatchObject({ $case: "error", value: { status: { code: status.FAILED_PRECONDITION } } });
  });

  test("idleness is told per device", async () => {
    const stream = attach();
    await stream.connect("alice", "phone");
    await stream.ask({ $case: "activity", value: { userId: "alice", deviceId: "phone", idleFor: { seconds: 600n, nanos: 0 } } });
    expect(await statusOf("alice")).toBe("STATUS_AWAY");
  });

  test("a kicked device is told, and renewed no more", async () => {
    const stream = attach();
    await stream.connect("alice", "phone");
    await server.client.call("DisconnectUser", { user_id: "alice" });
    await stream.until("an error about the device", (all) => all.some(({ response }) => response?.$case === "error"), 4_000);
    expect(stream.messages.at(-1)).toMatchObject({
      requestId: 0n,
      response: { value: { userId: "alice", deviceId: "phone", status: { code: status.FAILED_PRECONDITION } } },
    });
    expect(await statusOf("alice")).toBe("STATUS_OFFLINE");
  });

  test("a bad request is answered, and the stream lives on", async () => {
    const stream = attach();
    expect(await stream.ask(undefined)).toMatchObject({ $case: "error", value: { status: { code: status.INVALID_ARGUMENT } } });
    expect(await stream.connect("a b", "phone")).toMatchObject({ $case: "error", value: { status: { code: status.INVALID_ARGUMENT } } });
    const many = Array.from({ length: 5_001 }, (_, index) => `user-${index}`);
    expect(await stream.ask({ $case: "watch", value: { userIds: many, partyIds: [] } })).toMatchObject({
      $case: "error",
      value: { status: { code: status.RESOURCE_EXHAUSTED } },
    });
    expect(await stream.connect("alice", "phone")).toMatchObject({ $case: "connected" });
  });

  test("watch and unwatch on the same stream", async () => {
    const stream = attach();
    await stream.ask({ $case: "watch", value: { userIds: ["bob"], partyIds: [] } });
    await stream.until("a snapshot", (all) => all.some(({ response }) => response?.$case === "presence"));
    await server.client.call("Connect", { user_id: "bob", device_id: "phone" });
    await stream.until("a change", (all) => all.filter(({ response }) => response?.$case === "presence").length === 2);
    await stream.ask({ $case: "unwatch", value: { userIds: ["bob"], partyIds: [] } });
    await server.client.call("Disconnect", { user_id: "bob", device_id: "phone" });
    await sleep(300);
    expect(stream.messages.filter(({ response }) => response?.$case === "presence")).toHaveLength(2);
  });

  test("requests of one user are carried out in their order, whoever waits for the answers", async () => {
    const stream = attach();
    for (let round = 1; round <= 50; round++) {
      stream.call.write({
        requestId: BigInt(2 * round),
        request: { $case: "connect", value: { userId: "alice", deviceId: "phone", idleFor: undefined } },
      });
      stream.call.write({
        requestId: BigInt(2 * round + 1),
        request: { $case: "disconnect", value: { userId: "alice", deviceId: "phone" } },
      });
    }
    await stream.until("all answers", (all) => all.length === 100);
    expect(stream.messages.map(({ requestId }) => Number(requestId))).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
    expect(await statusOf("alice")).toBe("STATUS_OFFLINE");
  });

  test("one stream holds thousands of devices", async () => {
    const stream = attach();
    const count = 3_000;
    for (let index = 0; index < count; index++) {
      stream.call.write({
        requestId: BigInt(index + 1),
        request: { $case: "connect", value: { userId: `user-${index}`, deviceId: "phone", idleFor: undefined } },
      });
    }
    await stream.until("all connected", (all) => all.filter(({ response }) => response?.$case === "connected").length === count, 15_000);
    for (let beats = 0; beats < 4; beats++) {
      await sleep(1_000);
      stream.call.write({ requestId: 0n, request: { $case: "activity", value: { userId: "", deviceId: "", idleFor: undefined } } });
    }
    expect(await statusOf("user-0")).toBe("STATUS_ONLINE");
    expect(await statusOf(`user-${count - 1}`)).toBe("STATUS_ONLINE");
  });

  test("a server that ends tells so, and drops no device: it comes back elsewhere within its lease", async () => {
    const stream = attach();
    await stream.connect("alice", "phone");
    await server.stop();
    await eventually("an error", () => stream.error !== undefined);
    expect(stream.error?.code).toBe(status.UNAVAILABLE);
  });

  test("a client that says that it is done gets its answers and an end", async () => {
    const stream = attach();
    stream.call.write({ requestId: 1n, request: { $case: "connect", value: { userId: "alice", deviceId: "phone", idleFor: undefined } } });
    stream.call.end();
    await eventually("the end", () => stream.ended);
    expect(stream.messages).toHaveLength(1);
  });
});

function connectAndKeep(): PresenceServiceClient {
  const client = connectTo(server.address);
  clients.push(client);
  return client;
}
