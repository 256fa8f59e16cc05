import { createPrivateKey, X509Certificate } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";

/** The path of a file, which becomes what `parse` makes of its content; empty: undefined. */
export function file<Value>(parse: (content: Buffer) => Value) {
  return z.string().transform((path, context) => {
    if (path === "") return undefined;
    try {
      return parse(readFileSync(path));
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}

/** The absolute path of a file that can be written, or made; empty: undefined. */
export const writableFile = z.string().transform((path, context) => {
  if (path === "") return undefined;
  const file = resolve(path);
  try {
    accessSync(dirname(file), constants.W_OK);
    if (existsSync(file)) {
      if (statSync(file).isDirectory()) throw new Error("it is a directory");
      accessSync(file, constants.W_OK);
    }
    return file;
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

/** One or more certificates in PEM, which are not looked into: a bundle of authorities may hold what this machine cannot read. */
export function authorities(content: Buffer): string {
  const pem = content.toString("utf8");
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new Error("it holds no certificate");
  return pem;
}

/** The certificate of this server in PEM, and those between it and its authority. */
export function certificateChain(content: Buffer): string {
  const pem = authorities(content);
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw new Error("it holds no certificate that can be read", { cause });
  }
  return pem;
}

/** A private key in PEM, without a passphrase. */
export function privateKey(content: Buffer): string {
  const pem = content.toString("utf8");
  try {
    createPrivateKey(pem);
  } catch {
    // Its words may tell of the key.
    throw new Error("it holds no private key that can be read");
  }
  return pem;
}

/** Whether `key` is the key of `certificate`. */
export function belongTogether(certificate: string, key: string): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}
