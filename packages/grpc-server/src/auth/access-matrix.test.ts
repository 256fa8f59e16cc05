import { Client, credentials, type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { PresenceAdminServiceService, PresenceServiceService, Status } from "@presence/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allRpcs, attachRequests } from "../generic-client.fixture.ts";
import type { Rpc } from "../rpc/service-types.ts";
import { type CallerKind, callerKinds, type GuardedServer, jwtServer, sessionServer } from "./callers.fixture.ts";

const { OK, UNAUTHENTICATED, PERMISSION_DENIED: DENIED } = status;
type Row = Readonly<Record<CallerKind, status>>;

const strangers = { nobody: UNAUTHENTICATED, "wrong token": UNAUTHENTICATED, "expired session": UNAUTHENTICATED };
const forHimself: Row = { ...strangers, self: OK, "other user": DENIED, "party member": DENIED, service: OK, admin: OK };
const forAnyone: Row = { ...strangers, self: OK, "other user": OK, "party member": OK, service: OK, admin: OK };
const forMembers: Row = { ...strangers, self: DENIED, "other user": DENIED, "party member": OK, service: OK, admin: OK };
const forOperators: Row = { ...strangers, self: DENIED, "other user": DENIED, "party member": DENIED, service: DENIED, admin: OK };

let devices = 0;
const device = () => ({ userId: "alice", deviceId: `device-${devices++ % 20}-${devices}`, idleFor: undefined });
const choice = () => ({ userId: "alice", status: Status.DND, reason: 1, expiresIn: undefined, message: "", deviceId: "" });

/** Of each rpc: a request about alice or about the party `lobby`, and what each kind of caller gets. */
const rpcs: Readonly<Record<string, readonly [request: () => object, expected: Row]>> = {
  connect: [device, forHimself],
  heartbeat: [device, forHimself],
  batchHeartbeat: [() => ({ heartbeats: [device(), device()] }), forHimself],
  disconnect: [device, forHimself],
  setStatus: [choice, forHimself],
  getPresence: [() => ({ userId: "alice" }), forAnyone],
  batchGetPresence: [() => ({ userIds: ["alice", "bob"] }), forAnyone],
  getPartyPresence: [() => ({ partyId: "lobby" }), forMembers],
  watchPresence: [() => ({ userIds: ["alice", "bob"] }), forAnyone],
  watchParty: [() => ({ partyId: "lobby" }), forMembers],
  attach: [() => attached("activity", { userId: "", deviceId: "", idleFor: undefined }), forAnyone],
  explainPresence: [() => ({ userId: "alice" }), forOperators],
  overrideStatus: [() => ({ ...choice(), ensureOnline: false }), forOperators],
  disconnectUser: [() => ({ userId: "alice" }), forOperators],
  listUsers: [() => ({ pageSize: 10, pageToken: "", statuses: [] }), forOperators],
  getStats: [() => ({}), forOperators],
};

/** Of each request on an attached stream the same. */
const attachedRequests: Readonly<Record<string, readonly [request: () => object, expected: Row]>> = {
  connect: [device, forHimself],
  // Whoever may, is told that this stream does not hold the device.
  activity: [
    device,
    { ...forHimself, self: status.FAILED_PRECONDITION, service: status.FAILED_PRECONDITION, admin: status.FAILED_PRECONDITION },
  ],
  setStatus: [choice, forHimself],
  disconnect: [device, forHimself],
  watch: [() => ({ userIds: ["alice"], partyIds: ["lobby"] }), forMembers],
  unwatch: [() => ({ userIds: ["alice"], partyIds: ["lobby"] }), forAnyone],
};

const definitions: Readonly<Record<string, Rpc>> = { ...PresenceServiceService, ...PresenceAdminServiceService };

function attached($case: string, value: object): object {
  return { requestId: 7n, request: { $case, value } };
}

/** The code that a call ends with, or OK where it is answered. */
function codeOf(
  client: Client,
  { path, requestSerialize, responseDeserialize, ...kind }: Rpc,
  request: object,
  metadata: Metadata,
): Promise<status> {
  const serialize = requestSerialize as (value: object) => Buffer;
  const options = { deadline: Date.now() + 10_000 };
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null) => resolve(error?.code ?? OK);
    if (!kind.responseStream) {
      client.makeUnaryRequest(path, serialize, responseDeserialize, request, metadata, options, answered);
      return;
    }
    const duplex = kind.requestStream ? client.makeBidiStreamRequest(path, serialize, responseDeserialize, metadata, options) : undefined;
    const stream = duplex ?? client.makeServerStreamRequest(path, serialize, responseDeserialize, request, metadata, options);
    stream.once("data", (message: { response?: { $case: string; value: { status?: { code: status } } } }) => {
      resolve(message.response?.$case === "error" ? (message.response.value.status?.code ?? status.UNKNOWN) : OK);
      stream.cancel();
    });
    stream.once("error", (error: ServiceError) => {
      resolve(error.code);
      // What comes after is our own cancellation.
      stream.on("error", () => {});
    });
    duplex?.write(request);
  });
}

/** The same, with patience for a Redis that a busy machine has kept from answering. */
async function settledCode(...[client, rpc, request, metadata]: Parameters<typeof codeOf>): Promise<status> {
  for (let tries = 1; ; tries++) {
    const code = await codeOf(client, rpc, request, metadata);
    if (code !== status.UNAVAILABLE || tries === 10) return code;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

test("every rpc has a row, and so has every request on an attached stream", () => {
  expect(allRpcs.length).toBeGreaterThan(15);
  expect(Object.keys(rpcs).sort()).toEqual([...allRpcs].sort());
  expect(attachRequests).toContain("set_status");
  const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  expect(Object.keys(attachedRequests).map(snakeCase).sort()).toEqual([...attachRequests].sort());
});

for (const [mode, start] of [
  ["session", sessionServer],
  ["jwt", jwtServer],
] as const) {
  describe(`PRESENCE_AUTH=${mode}`, () => {
    let guarded: GuardedServer;
    let client: Client;
    beforeAll(async () => {
      guarded = await start({ PRESENCE_CALLS_PER_SECOND: "1000" });
      client = new Client(guarded.server.address, credentials.createInsecure());
    });
    afterAll(async () => {
      client.close();
      await guarded.close();
    });

    for (const kind of callerKinds) {
      test.each(Object.keys(rpcs))(`${kind}: %s`, async (name) => {
        const [request, expected] = rpcs[name] ?? [];
        const rpc = definitions[name];
        if (request === undefined || expected === undefined || rpc === undefined) throw new Error(`no ${name}`);
        expect(status[await settledCode(client, rpc, request(), await guarded.metadata(kind))]).toBe(status[expected[kind]]);
      });

      test.each(Object.keys(attachedRequests))(`${kind}: attach, then %s`, async (name) => {
        const [request, expected] = attachedRequests[name] ?? [];
        const rpc = definitions.attach;
        if (request === undefined || expected === undefined || rpc === undefined) throw new Error(`no ${name}`);
        expect(status[await settledCode(client, rpc, attached(name, request()), await guarded.metadata(kind))]).toBe(
          status[expected[kind]],
        );
      });
    }
  });
}
