import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";

/** What tokens are verified with, and the only algorithms that may be used with it. */
export interface JwtKeys {
  readonly key: KeyObject | JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

const minSecretBytes = 32;
const minRsaBits = 2048;
const eddsa = ["EdDSA", "Ed25519"];

/**
 * The key in a file: a public key in PEM, or a secret of 32 bytes or more for HS256.
 *
 * The algorithm follows from the key alone, never from a token: whoever could choose HS256 would sign with the public key,
 * which is no secret.
 * @throws Error that says what is wrong with the file
 */
export function keyOf(file: Buffer): JwtKeys {
  if (file.includes("-----BEGIN")) return publicKeyOf(file);
  const end = file.at(-1) === 0x0a ? file.length - 1 : file.length;
  if (end < minSecretBytes) throw new Error(`it holds a secret of ${end} bytes; HS256 needs at least ${minSecretBytes}`);
  return { key: createSecretKey(file.subarray(0, end)), algorithms: ["HS256"] };
}

function publicKeyOf(pem: Buffer): JwtKeys {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem.toString("latin1"))) {
    throw new Error("it holds a private key; tokens are verified with the public one alone");
  }
  const key = readPublicKey(pem);
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength >= minRsaBits) return { key, algorithms: ["RS256"] };
  if (key.asymmetricKeyType === "ec" && namedCurve === "prime256v1") return { key, algorithms: ["ES256"] };
  if (key.asymmetricKeyType === "ed25519") return { key, algorithms: eddsa };
  const kind = [key.asymmetricKeyType, namedCurve, modulusLength || undefined].filter((part) => part !== undefined).join(" ");
  throw new Error(`it holds a key of kind ${kind}; RSA from ${minRsaBits} bits on, P-256 and Ed25519 are allowed`);
}

function readPublicKey(pem: Buffer): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new Error("it holds no key that can be read", { cause });
  }
}

const publicKinds: readonly unknown[] = ["RSA", "EC", "OKP"];

/**
 * The public keys in a JWKS file.
 * @throws Error that says what is wrong with the file
 */
export function keySetOf(file: Buffer): JwtKeys {
  const keys = keysIn(file);
  for (const [index, key] of keys.entries()) {
    const { kty, d } = key as { readonly kty?: unknown; readonly d?: unknown };
    if (kty === "oct") throw new Error(`key ${index} is a shared secret, which belongs into PRESENCE_JWT_KEY`);
    if (d !== undefined) throw new Error(`key ${index} is a private key; tokens are verified with the public one alone`);
    if (!publicKinds.includes(kty)) throw new Error(`key ${index} has no kty of RSA, EC or OKP`);
  }
  return { key: createLocalJWKSet({ keys } as JSONWebKeySet), algorithms: ["RS256", "ES256", ...eddsa] };
}

function keysIn(file: Buffer): readonly object[] {
  let value: unknown;
  try {
    value = JSON.parse(file.toString("utf8"));
  } catch (cause) {
    throw new Error("it is no JSON", { cause });
  }
  const keys = typeof value === "object" && value !== null && "keys" in value ? value.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error("it has no keys");
  return keys.map((key: unknown) => (typeof key === "object" && key !== null ? key : {}));
}
