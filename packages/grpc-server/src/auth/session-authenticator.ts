import { createHash, timingSafeEqual } from "node:crypto";
import { isId, parseRoles, parseUserId, type SessionDirectory, type SessionInfo, type UserId } from "@presence/domain";
import type { Authenticator, Presented } from "./authenticator.ts";
import { type Identity, type SessionProof, unauthenticated } from "./identity.ts";

/** Knows users by the session that the auth service wrote: `presence-user` and, as token, its `sessionId`. */
export class SessionAuthenticator implements Authenticator {
  readonly #sessions: SessionDirectory;

  constructor(sessions: SessionDirectory) {
    this.#sessions = sessions;
  }

  async authenticate({ user, token }: Presented): Promise<Identity> {
    if (user === undefined || token === undefined) {
      throw unauthenticated("log in first: send presence-user, and the session as authorization: Bearer");
    }
    if (!isId(user)) throw unknownSession();
    const session: SessionProof = { userId: parseUserId(user), sessionId: token };
    const found = await this.#sessions.find(session.userId);
    // A user without session takes as long as a wrong token.
    if (!proves(session, found)) throw unknownSession();
    return { caller: callerOf(session.userId, found), session };
  }
}

/** Whether the session hash that was found is still the one of `session`. */
export function proves({ sessionId }: SessionProof, found: SessionInfo | undefined): found is SessionInfo {
  const same = timingSafeEqual(digest(sessionId), digest(found?.sessionId ?? ""));
  return same && found?.sessionId !== undefined && found.sessionId !== "";
}

/** Who the session's user is, by the roles in it. */
export function callerOf(userId: UserId, { roles }: SessionInfo): Identity["caller"] {
  return { userId, roles: parseRoles(roles) };
}

// Digests are of one length, which the comparison needs and which hides how long the real one is.
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function unknownSession() {
  return unauthenticated("the session is unknown, or has ended; log in again");
}
