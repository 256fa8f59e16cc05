import { createHmac } from "node:crypto";

export const secret = "a secret of more than thirty-two bytes";

/** A token of `user` for the next ten minutes. */
export function tokenOf(user: string): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
  const signed = `${part({ alg: "HS256" })}.${part({ sub: user, exp: Math.floor(Date.now() / 1_000) + 600 })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
