import type { Metadata } from "@grpc/grpc-js";
import { anyone } from "@presence/domain";
import { type Identity, unauthenticated } from "./identity.ts";

/** What a caller shows of himself in the metadata of a call. */
export interface Presented {
  /** `presence-user`. */
  readonly user: string | undefined;
  /** What follows `Bearer ` in `authorization`. */
  readonly token: string | undefined;
}

/** One way to know callers by what they present. */
export interface Authenticator {
  /** @throws PresenceError `UNAUTHENTICATED`, or `UNAVAILABLE` where it cannot be known now */
  authenticate(presented: Presented): Promise<Identity>;
}

/** Callers are not told apart. */
export const trusting: Authenticator = { authenticate: async () => ({ caller: anyone }) };

/** @throws PresenceError `UNAUTHENTICATED`: another scheme than Bearer */
export function presentedIn(metadata: Metadata): Presented {
  const user = textOf(metadata, "presence-user");
  const authorization = textOf(metadata, "authorization");
  if (authorization === undefined) return { user, token: undefined };
  const [, token] = /^bearer +([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?) *$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated("authorization must be Bearer and a token");
  return { user, token };
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const values = metadata.get(key);
  if (values.length > 1) throw unauthenticated(`${key} is given ${values.length} times`);
  return values[0] === undefined ? undefined : String(values[0]);
}
