import { createHmac } from "node:crypto";
import type { PresenceError } from "@presence/domain";
import { type CryptoKey, type JWTPayload, type KeyObject, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import type { Presented } from "./authenticator.ts";
import { JwtAuthenticator } from "./jwt-authenticator.ts";
import { type JwtKeys, keyOf, keySetOf } from "./jwt-keys.ts";
import { ed25519, otherRsa, p256, p384, rsa, secret, shortRsa } from "./keys.fixture.ts";

const settings = { issuer: undefined, audience: undefined, toleranceMs: 5_000 };
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

function sign(key: CryptoKey | KeyObject | Uint8Array, alg: string, claims: JWTPayload = {}, header = {}): Promise<string> {
  return new SignJWT({ sub: "alice", exp: inSeconds(60), ...claims }).setProtectedHeader({ alg, ...header }).sign(key);
}

function authenticate(keys: JwtKeys, token: string | undefined, options: object = {}, presented: Partial<Presented> = {}) {
  return new JwtAuthenticator({ ...settings, ...options, keys }).authenticate({ user: undefined, token, ...presented });
}

const refusal = (identity: Promise<unknown>): Promise<PresenceError | undefined> =>
  identity.then(
    () => undefined,
    (error: PresenceError) => error,
  );

const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token", () => {
  test.each([
    ["HS256", secret, keyOf(secret)],
    ["HS256", secret, keyOf(Buffer.concat([secret, Buffer.from("\n")]))],
    ["RS256", rsa.privateKey, keyOf(rsa.pem)],
    ["ES256", p256.privateKey, keyOf(p256.pem)],
    ["EdDSA", ed25519.privateKey, keyOf(ed25519.pem)],
    ["Ed25519", ed25519.privateKey, keyOf(ed25519.pem)],
  ] as const)("of %s says who calls, what he may, and until when", async (alg, key, keys) => {
    const exp = inSeconds(60);
    const identity = await authenticate(keys, await sign(key, alg, { exp, roles: "player, service" }));
    expect(identity).toEqual({ caller: { userId: "alice", roles: new Set(["service"]) }, expiresAtMs: exp * 1_000 + 5_000 });
  });

  test("may have its roles in a list, and none is no role", async () => {
    const keys = keyOf(secret);
    const roles = async (claim: unknown) => [...(await authenticate(keys, await sign(secret, "HS256", { roles: claim }))).caller.roles];
    expect(await roles(["admin", "player"])).toEqual(["admin"]);
    expect(await roles(undefined)).toEqual([]);
    expect(await roles({ admin: true })).toEqual([]);
  });

  const wrong: Record<string, () => Promise<string> | string> = {
    "that is no token": () => "alice",
    "that is empty": () => "",
    "of another key": () => sign(otherRsa.privateKey, "RS256"),
    "of another algorithm of the same key": () => sign(rsa.privateKey, "RS512"),
    "signed with the public key as a secret": () => sign(rsa.pem, "HS256"),
    "signed with the bare public key as a secret": () => sign(rsa.publicKey.export({ type: "spki", format: "der" }), "HS256"),
    "that is not signed": () => `${text({ alg: "none" })}.${text({ sub: "alice", exp: inSeconds(60) })}.`,
    "that says NONE": () => `${text({ alg: "NONE" })}.${text({ sub: "alice", exp: inSeconds(60) })}.${text("x")}`,
    "that has lost its signature": async () => (await sign(rsa.privateKey, "RS256")).replace(/[^.]*$/, ""),
    "whose claims were changed": async () => {
      const [header, , signature] = (await sign(rsa.privateKey, "RS256")).split(".");
      return `${header}.${text({ sub: "bob", exp: inSeconds(60) })}.${signature}`;
    },
    "that brings its own key": () => sign(otherRsa.privateKey, "RS256", {}, { jwk: otherRsa.publicKey.export({ format: "jwk" }) }),
    "with an extension that must be understood": () => `${text({ alg: "RS256", crit: ["x"], x: 1 })}.${text({ sub: "alice" })}.AAAA`,
    "that has expired": () => sign(rsa.privateKey, "RS256", { exp: inSeconds(-10) }),
    "that never expires": () => sign(rsa.privateKey, "RS256", { exp: undefined as unknown as number }),
    "that is not valid yet": () => sign(rsa.privateKey, "RS256", { nbf: inSeconds(60) }),
    "of nobody": () => sign(rsa.privateKey, "RS256", { sub: undefined as unknown as string }),
    "whose sub is no user id": () => sign(rsa.privateKey, "RS256", { sub: "a b" }),
    "whose sub is no text": () => sign(rsa.privateKey, "RS256", { sub: 7 as unknown as string }),
  };
  test.each(Object.entries(wrong))("%s is refused, and not repeated", async (_what, make) => {
    const token = await make();
    const error = await refusal(authenticate(keyOf(rsa.pem), token));
    expect(error?.code).toBe("UNAUTHENTICATED");
    for (const part of token.split(".").filter((part) => part.length > 5)) expect(`${error?.message} ${error?.cause}`).not.toContain(part);
  });

  test("of a secret is never verified with another key's file", async () => {
    for (const keys of [keyOf(rsa.pem), keyOf(p256.pem), keyOf(ed25519.pem)]) {
      expect((await refusal(authenticate(keys, await sign(secret, "HS256"))))?.code).toBe("UNAUTHENTICATED");
    }
    expect((await refusal(authenticate(keyOf(secret), await sign(rsa.privateKey, "RS256"))))?.code).toBe("UNAUTHENTICATED");
  });

  test("a little too late or too early is forgiven", async () => {
    const token = await sign(secret, "HS256", { exp: inSeconds(-3), nbf: inSeconds(3) });
    expect((await authenticate(keyOf(secret), token)).caller.userId).toBe("alice");
    expect((await refusal(authenticate(keyOf(secret), token, { toleranceMs: 0 })))?.code).toBe("UNAUTHENTICATED");
  });

  test("must be of the issuer and for the audience, where they are named", async () => {
    const token = await sign(secret, "HS256", { iss: "auth", aud: ["chat", "presence"] });
    const keys = keyOf(secret);
    expect((await authenticate(keys, token, { issuer: "auth", audience: "presence" })).caller.userId).toBe("alice");
    expect((await refusal(authenticate(keys, token, { issuer: "other" })))?.code).toBe("UNAUTHENTICATED");
    expect((await refusal(authenticate(keys, token, { audience: "other" })))?.code).toBe("UNAUTHENTICATED");
    expect((await refusal(authenticate(keys, await sign(secret, "HS256"), { audience: "presence" })))?.code).toBe("UNAUTHENTICATED");
  });

  test("is needed, and is of who says he calls", async () => {
    expect((await refusal(authenticate(keyOf(secret), undefined)))?.code).toBe("UNAUTHENTICATED");
    const token = await sign(secret, "HS256");
    expect((await authenticate(keyOf(secret), token, {}, { user: "alice" })).caller.userId).toBe("alice");
    expect((await refusal(authenticate(keyOf(secret), token, {}, { user: "bob" })))?.code).toBe("UNAUTHENTICATED");
  });
});

describe("a set of keys", () => {
  const jwk = ({ publicKey }: typeof rsa, more: object = {}) => ({ ...publicKey.export({ format: "jwk" }), ...more });
  const setOf = (...keys: object[]) => keySetOf(Buffer.from(JSON.stringify({ keys })));

  test("is searched by the key's name, or tried where a token names none", async () => {
    const named = setOf(jwk(rsa, { kid: "1" }), jwk(otherRsa, { kid: "2" }), jwk(p256, { kid: "3" }), jwk(ed25519, { kid: "4" }));
    for (const [key, alg, kid] of [
      [otherRsa, "RS256", "2"],
      [p256, "ES256", "3"],
      [ed25519, "EdDSA", "4"],
      [rsa, "RS256", undefined],
      [otherRsa, "RS256", undefined],
    ] as const) {
      const token = await sign(key.privateKey, alg, {}, kid === undefined ? {} : { kid });
      expect((await authenticate(named, token)).caller.userId).toBe("alice");
    }
    for (const token of [await sign(rsa.privateKey, "RS256", {}, { kid: "9" }), await sign(rsa.privateKey, "RS256", {}, { kid: "2" })]) {
      expect((await refusal(authenticate(named, token)))?.code).toBe("UNAUTHENTICATED");
    }
    const none = setOf(jwk(rsa), jwk(otherRsa));
    const [header = "", claims = "", signature = ""] = (await sign(rsa.privateKey, "RS256")).split(".");
    expect((await refusal(authenticate(none, `${header}.${claims}.A${signature.slice(1)}`)))?.code).toBe("UNAUTHENTICATED");
  });

  test("verifies no secret, and nothing that is not signed", async () => {
    const set = setOf(jwk(rsa));
    const unsigned = `${text({ alg: "none" })}.${text({ sub: "alice", exp: inSeconds(60) })}.`;
    const modulus = Buffer.from(String(rsa.publicKey.export({ format: "jwk" }).n), "base64url");
    const signed = `${text({ alg: "HS256" })}.${text({ sub: "alice", exp: inSeconds(60) })}`;
    const confused = `${signed}.${createHmac("sha256", modulus).update(signed).digest("base64url")}`;
    for (const token of [unsigned, confused, await sign(rsa.pem, "HS256")]) {
      expect((await refusal(authenticate(set, token)))?.code).toBe("UNAUTHENTICATED");
    }
  });

  test.each([
    ["{", "it is no JSON"],
    ["{}", "it has no keys"],
    ['{"keys":[]}', "it has no keys"],
    ['{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', "key 0 is a shared secret"],
    ['{"keys":[{"kty":"XYZ"}]}', "key 0 has no kty"],
    ['{"keys":[7]}', "key 0 has no kty"],
    [JSON.stringify({ keys: [rsa.privateKey.export({ format: "jwk" })] }), "key 0 is a private key"],
  ])("%.40s is none", (content, problem) => {
    expect(() => keySetOf(Buffer.from(content))).toThrow(problem);
  });
});

describe("a file with one key", () => {
  test.each([
    ["a short secret", Buffer.from("secret\n"), "it holds a secret of 6 bytes"],
    ["nothing", Buffer.alloc(0), "it holds a secret of 0 bytes"],
    ["a private key", rsa.privatePem, "it holds a private key"],
    ["a short RSA key", shortRsa.pem, "it holds a key of kind rsa 1024"],
    ["a key of another curve", p384.pem, "it holds a key of kind ec secp384r1"],
    ["half a key", rsa.pem.subarray(0, 100), "it holds no key that can be read"],
  ])("%s is refused", (_what, content, problem) => {
    expect(() => keyOf(content)).toThrow(problem);
  });
});
