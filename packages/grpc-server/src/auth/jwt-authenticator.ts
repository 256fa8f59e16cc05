import { isId, parseRoles, parseUserId } from "@presence/domain";
import { errors, type JWTVerifyOptions, jwtVerify } from "jose";
import type { Authenticator, Presented } from "./authenticator.ts";
import { type Identity, unauthenticated } from "./identity.ts";
import type { JwtKeys } from "./jwt-keys.ts";

export interface JwtSettings {
  readonly keys: JwtKeys;
  /** What `iss` must be; undefined: anything. */
  readonly issuer: string | undefined;
  /** What `aud` must hold; undefined: anything. */
  readonly audience: string | undefined;
  /** How far clocks may be apart. */
  readonly toleranceMs: number;
}

/** Knows users by signed tokens: `sub` is the user, `roles` are words or a list of words. Who has none is nobody. */
export class JwtAuthenticator implements Authenticator {
  readonly #settings: JwtSettings;
  readonly #options: JWTVerifyOptions;

  constructor(settings: JwtSettings) {
    this.#settings = settings;
    const { keys, issuer, audience, toleranceMs } = settings;
    this.#options = {
      algorithms: [...keys.algorithms],
      requiredClaims: ["sub", "exp"],
      clockTolerance: toleranceMs / 1_000,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
  }

  async authenticate({ user, token }: Presented): Promise<Identity> {
    if (token === undefined) throw unauthenticated("log in first: send the token as authorization: Bearer");
    const { sub, exp = 0, roles } = await this.#verify(token);
    if (typeof sub !== "string" || !isId(sub)) throw unauthenticated("the token's sub is no user id");
    // Who names himself differently is mistaken about his token.
    if (user !== undefined && user !== sub) throw unauthenticated("presence-user is not the token's sub");
    const caller = { userId: parseUserId(sub), roles: parseRoles(roles) };
    return { caller, expiresAtMs: exp * 1_000 + this.#settings.toleranceMs };
  }

  async #verify(token: string): Promise<Readonly<Record<string, unknown>> & { readonly exp?: number }> {
    const { key } = this.#settings.keys;
    try {
      const verified = typeof key === "function" ? jwtVerify(token, key, this.#options) : jwtVerify(token, key, this.#options);
      return (await verified).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.#verifyWithAny(token, error);
      throw refused(error);
    }
  }

  /** A token that names no key may be of any that fits. */
  async #verifyWithAny(token: string, keys: errors.JWKSMultipleMatchingKeys) {
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, this.#options)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refused(error);
      }
    }
    throw refused(new errors.JWSSignatureVerificationFailed());
  }
}

// Only the kind of the problem: a cause would carry what the token claims into a log.
function refused(error: unknown) {
  if (error instanceof errors.JWTExpired) return unauthenticated("the token has expired; log in again");
  if (error instanceof errors.JOSEError) return unauthenticated("the token is not accepted", new Error(error.code));
  // WebCrypto throws its own kinds where a signature or key has the wrong shape.
  return unauthenticated("the token is not accepted", new Error(error instanceof Error ? error.name : typeof error));
}
