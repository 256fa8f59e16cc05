import { Metadata } from "@grpc/grpc-js";
import { AccessPolicy, anyone, type PresenceError, parseUserId } from "@presence/domain";
import { describe, expect, test } from "vitest";
import { type Presented, presentedIn, trusting } from "./authenticator.ts";
import { Entrance } from "./entrance.ts";
import { type Identity, unauthenticated } from "./identity.ts";
import { ServiceCertificates } from "./service-certificate.ts";

const policy = new AccessPolicy({ isMember: async () => false });
const entrance = new Entrance({
  authenticator: trusting,
  certificates: new ServiceCertificates([]),
  policy,
  limits: { callsPerSecond: 2, headerBytes: 200 },
});
const alice = (): Identity => ({ caller: { userId: parseUserId("alice"), roles: new Set() } });
const call = (metadata: Metadata) => ({ metadata, getAuthContext: () => ({}) });

function metadataOf(entries: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.add(key, value);
  return metadata;
}

const codeOf = (done: Promise<unknown>) =>
  done.then(
    () => undefined,
    (error: PresenceError) => error.code,
  );

describe("the entrance", () => {
  test("does nothing more for whom a stream was ended, also what waited on it", async () => {
    const identity = alice();
    await entrance.require(identity, { kind: "read" });
    identity.ended = unauthenticated("the session has ended");
    expect(await codeOf(entrance.require(identity, { kind: "read" }))).toBe("UNAUTHENTICATED");
    expect(await codeOf(entrance.require({ caller: anyone, ended: identity.ended }, { kind: "operate" }))).toBe("UNAUTHENTICATED");
  });

  test("counts a user and neither services nor those who cannot be told apart", () => {
    const spend = (identity: Identity) => Array.from({ length: 10 }, () => entrance.spend(identity));
    expect(() => spend(alice())).toThrow("too many calls");
    expect(() => spend({ caller: anyone })).not.toThrow();
    expect(() => spend({ caller: { userId: parseUserId("bob"), roles: new Set(["service"]) } })).not.toThrow();
  });

  test("reads no metadata that is too large", async () => {
    expect(await codeOf(entrance.admit(call(metadataOf({ a: "x".repeat(100) }))))).toBeUndefined();
    expect(await codeOf(entrance.admit(call(metadataOf({ a: "x".repeat(190) }))))).toBe("LIMIT_EXCEEDED");
    expect(await codeOf(entrance.admit(call(metadataOf({ h: "", b: "", c: "", d: "", e: "", f: "", g: "" }))))).toBe("LIMIT_EXCEEDED");
  });
});

describe("what a caller presents", () => {
  test.each<[Record<string, string>, Presented]>([
    [{}, { user: undefined, token: undefined }],
    [{ "presence-user": "alice" }, { user: "alice", token: undefined }],
    [{ authorization: "Bearer abc" }, { user: undefined, token: "abc" }],
    [{ authorization: "bearer  a b=c " }, { user: undefined, token: "a b=c" }],
  ])("%j", (entries, presented) => {
    expect(presentedIn(metadataOf(entries))).toEqual(presented);
  });

  test.each(["Basic YTpi", "Bearer", "Bearer ", "Bearerabc", "abc", ""])("'%s' is no proof, and is not repeated", (authorization) => {
    expect(() => presentedIn(metadataOf({ authorization }))).toThrow("authorization must be Bearer and a token");
  });

  test("two proofs are none", () => {
    for (const key of ["authorization", "presence-user"]) {
      const metadata = metadataOf({ [key]: "Bearer a" });
      metadata.add(key, "Bearer b");
      expect(() => presentedIn(metadata)).toThrow(`${key} is given 2 times`);
    }
  });
});
