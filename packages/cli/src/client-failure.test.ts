import { PresenceClientError } from "@presence/client";
import { expect, it } from "vitest";
import { clientFailure, refusedUser } from "./client-failure.ts";

const server = "127.0.0.1:50051";
const tlsHint =
  "PRESENCE_TLS_CA must name the authority of a server that speaks TLS, PRESENCE_TLS_CLIENT_CERT and _KEY your certificate where it asks for one";
const violations = [
  { field: "user_ids[3]", description: "is empty" },
  { field: "expires_in", description: "is negative" },
];

it.each([
  [new PresenceClientError("INVALID_ARGUMENT", "bad", { violations }), 2, "user_ids[3] is empty; --for is negative", undefined],
  [new PresenceClientError("INVALID_ARGUMENT", "no message"), 2, "no message", undefined],
  [
    new PresenceClientError("UNAVAILABLE", "store away", { retryAfterMs: 34_200 }),
    1,
    "the server cannot answer now: store away",
    "try again in 34s",
  ],
  [
    new PresenceClientError("UNAVAILABLE", "store away", { retryAfterMs: 20 }),
    1,
    "the server cannot answer now: store away",
    "try again in 1s",
  ],
  [
    new PresenceClientError("UNAVAILABLE", "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:50051"),
    1,
    "no server answers at 127.0.0.1:50051",
    "start one with script/server, or name another with --server",
  ],
  [
    new PresenceClientError("UNAVAILABLE", "No connection established. Last error: Error: self-signed certificate"),
    1,
    "no secure connection to 127.0.0.1:50051 can be made",
    tlsHint,
  ],
  [
    new PresenceClientError("UNAVAILABLE", "No connection established. Last error: Failed to connect"),
    1,
    "the server at 127.0.0.1:50051 has hung up",
    `try again; if it wants TLS: ${tlsHint}`,
  ],
  [
    new PresenceClientError("DEADLINE_EXCEEDED", "after 5.000s"),
    1,
    "the server at 127.0.0.1:50051 does not answer in time",
    "a change may have happened all the same; look with presence get, then try again",
  ],
  [
    new PresenceClientError("UNAUTHENTICATED", "no session"),
    1,
    "the server wants to know who asks: no session",
    "set PRESENCE_USER and PRESENCE_TOKEN",
  ],
  [
    new PresenceClientError("PERMISSION_DENIED", "no operator"),
    1,
    "not allowed: no operator",
    "PRESENCE_USER must name a user who may do this",
  ],
  [
    new PresenceClientError("UNIMPLEMENTED", "?"),
    1,
    "the server at 127.0.0.1:50051 does not know this call",
    "see that it is a presence server, and as new as this command",
  ],
  [new PresenceClientError("INTERNAL", "fault 4711"), 1, "the server failed: fault 4711", "its log says more"],
  [new PresenceClientError("RESOURCE_EXHAUSTED", "the party is too large"), 1, "the party is too large (RESOURCE_EXHAUSTED)", undefined],
])("%s is told in words with a hint", (error, exitCode, message, hint) => {
  expect(clientFailure(error, server)).toMatchObject({ exitCode, message, hint, cause: error });
});

it("a user refused among many is named", () => {
  const error = new PresenceClientError("INVALID_ARGUMENT", "bad", { violations: [{ field: "user_ids[1]", description: "is too long" }] });
  expect(refusedUser(error, ["alice", "b"])).toMatchObject({ exitCode: 2, message: "the user 'b' is too long", cause: error });
  expect(refusedUser(error, ["alice"])).toBeUndefined();
  expect(refusedUser(new PresenceClientError("INVALID_ARGUMENT", "bad", { violations }), [])).toBeUndefined();
  expect(refusedUser(new PresenceClientError("INTERNAL", "fault"), ["alice"])).toBeUndefined();
  expect(refusedUser(new Error("other"), ["alice"])).toBeUndefined();
});
