/**
 * Why a call failed: the name of its gRPC status.
 *
 * - `INVALID_ARGUMENT`: the input is wrong; `violations` names the fields. Nothing was written.
 * - `FAILED_PRECONDITION`: `reason` says which. `DEVICE_DISCONNECTED`: the device left, was kicked or lost its session, and only a connect
 *   brings it back. `SESSION_REQUIRED`: the auth service has no session of this user.
 * - `RESOURCE_EXHAUSTED`: more than one call may ask for.
 * - `UNAUTHENTICATED`, `PERMISSION_DENIED`: the caller is unknown, or may not.
 * - `UNAVAILABLE`: nobody answers, or the server cannot answer truthfully now: then `retryAfterMs` says when to try again. Retries have been made.
 * - `DEADLINE_EXCEEDED`: no answer in `deadlineMs`; a write may have happened all the same.
 * - `CANCELLED`: the client was closed, before the call or during it.
 * - `UNIMPLEMENTED`: the server is no presence service, or an older one.
 * - `INTERNAL`, `UNKNOWN` and the others: a fault of the server or of the way to it.
 */
export type PresenceClientErrorCode =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** One field of the input and what is wrong with it. */
export interface FieldViolation {
  /** As the contract spells it: `user_ids[3]`, `expires_in`. */
  readonly field: string;
  readonly description: string;
}

interface ErrorDetails {
  readonly violations?: readonly FieldViolation[] | undefined;
  readonly reason?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The one error that this client throws. */
export class PresenceClientError extends Error {
  override readonly name = "PresenceClientError";
  readonly code: PresenceClientErrorCode;
  /** With `INVALID_ARGUMENT`; empty otherwise. */
  readonly violations: readonly FieldViolation[];
  /** With `FAILED_PRECONDITION`: `DEVICE_DISCONNECTED` or `SESSION_REQUIRED`. */
  readonly reason: string | undefined;
  /** Milliseconds until another try makes sense, where the server said so. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PresenceClientErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.violations = details.violations ?? [];
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }
}
