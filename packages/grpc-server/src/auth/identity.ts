import { type Caller, PresenceError, type UserId } from "@presence/domain";

/** What a session token proved. */
export interface SessionProof {
  readonly userId: UserId;
  readonly sessionId: string;
}

/** Who calls, and until when that is proven. Roles may change while a stream is open. */
export interface Identity {
  caller: Caller;
  /** Milliseconds since 1970 by this machine's clock; undefined: no end is known. */
  readonly expiresAtMs?: number;
  /** To be looked at again while a stream is open. */
  readonly session?: SessionProof;
  /** Why it proves nothing any more. */
  ended?: PresenceError;
}

/** What a caller is told whose word is not good. It says nothing about what was expected. */
export function unauthenticated(message: string, cause?: unknown): PresenceError {
  return new PresenceError("UNAUTHENTICATED", message, { cause });
}
