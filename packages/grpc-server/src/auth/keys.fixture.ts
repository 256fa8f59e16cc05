import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

/** Keys that sign tests' tokens, made anew each time. */
export const rsa = pair(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
export const otherRsa = pair(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
export const shortRsa = pair(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);
export const p256 = pair(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
export const p384 = pair(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey);
export const ed25519 = pair(generateKeyPairSync("ed25519").privateKey);
export const secret = Buffer.from("a secret of more than thirty-two bytes");

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public one. */
  readonly pem: Buffer;
  /** The private one. */
  readonly privatePem: Buffer;
}

function pair(privateKey: KeyObject): Pair {
  const publicKey = createPublicKey(privateKey);
  return {
    privateKey,
    publicKey,
    pem: Buffer.from(publicKey.export({ type: "spki", format: "pem" })),
    privatePem: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}
