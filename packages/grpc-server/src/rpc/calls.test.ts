import { Metadata, type ServerUnaryCall, type ServiceError, status } from "@grpc/grpc-js";
import { AccessPolicy } from "@presence/domain";
import { pino } from "pino";
import { beforeEach, describe, expect, test } from "vitest";
import { trusting } from "../auth/authenticator.ts";
import { Entrance } from "../auth/entrance.ts";
import { ServiceCertificates } from "../auth/service-certificate.ts";
import { Calls } from "./calls.ts";
import { type Decoded, Malformed } from "./decoded.ts";

const openEntrance = new Entrance({
  authenticator: trusting,
  certificates: new ServiceCertificates([]),
  policy: new AccessPolicy({ isMember: async () => false }),
  limits: { callsPerSecond: 1, headerBytes: 1_000 },
});

let handled: string[];
let calls: Calls;

beforeEach(() => {
  handled = [];
  calls = new Calls(pino({ level: "silent" }), openEntrance);
});

/** The status that a call with `changes` ends with. */
function codeOf(changes: object): Promise<status | undefined> {
  const answer = calls.unary(
    "/presence.v1.Test/Call",
    () => ({ kind: "read" }),
    async (request: string) => {
      handled.push(request);
      return "answer";
    },
  );
  const call = {
    request: "question",
    cancelled: false,
    metadata: new Metadata(),
    getAuthContext: () => ({}),
    getDeadline: () => Number.POSITIVE_INFINITY,
    ...changes,
  };
  return new Promise((resolve) => {
    answer(call as unknown as ServerUnaryCall<Decoded<string>, string>, (error) => resolve((error as ServiceError | null)?.code));
  });
}

describe("a unary call", () => {
  test("is handled, and counted while it is open", async () => {
    const answered = codeOf({});
    expect(calls.open).toBe(1);
    expect(await answered).toBeUndefined();
    await Promise.resolve();
    await Promise.resolve();
    expect([handled, calls.open]).toEqual([["question"], 0]);
  });

  test.each([
    ["whose deadline has passed", { getDeadline: () => Date.now() - 1 }],
    ["whose deadline has passed as a date", { getDeadline: () => new Date(Date.now() - 1) }],
    ["that its client has given up", { cancelled: true }],
  ])("%s does nothing", async (_what, changes) => {
    expect(await codeOf(changes)).toBe(status.DEADLINE_EXCEEDED);
    expect(handled).toEqual([]);
  });

  test("of bytes that are no message never reaches its handler", async () => {
    expect(await codeOf({ request: new Malformed(new RangeError("premature EOF")) })).toBe(status.INVALID_ARGUMENT);
    expect(handled).toEqual([]);
  });
});
