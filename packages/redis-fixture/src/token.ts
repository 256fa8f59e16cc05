import { createHmac } from "node:crypto";

/** Signs `tokenOf`, and is what a server has to be told. */
export const tokenSecret = "a secret of more than thirty-two bytes";

/** A token (HS256) of `user` for so many seconds. */
export function tokenOf(user: string, seconds: number): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
  const signed = `${part({ alg: "HS256" })}.${part({ sub: user, exp: Math.floor(Date.now() / 1_000) + seconds })}`;
  return `${signed}.${createHmac("sha256", tokenSecret).update(signed).digest("base64url")}`;
}
