/**
 * Why a call did not do what was asked.
 *
 * - `INVALID_ARGUMENT`: the input is wrong; `violations` names the fields. Nothing was written.
 * - `DEVICE_DISCONNECTED`: the device left, was kicked or lost its session; only a connect brings it back.
 * - `SESSION_REQUIRED`: the auth service has no session of this user, and the policy asks for one.
 * - `LIMIT_EXCEEDED`: more than one call may ask for, or more calls than one caller may make.
 * - `UNAUTHENTICATED`, `PERMISSION_DENIED`: who asks is unknown, or may not.
 * - `UNAVAILABLE`: the store cannot answer truthfully now; try again after `retryAfterMs`.
 * - `INTERNAL`: a fault of ours or of the data; `cause` has it.
 */
export type PresenceErrorCode =
  | "INVALID_ARGUMENT"
  | "DEVICE_DISCONNECTED"
  | "SESSION_REQUIRED"
  | "LIMIT_EXCEEDED"
  | "UNAUTHENTICATED"
  | "PERMISSION_DENIED"
  | "UNAVAILABLE"
  | "INTERNAL";

/** One field of the input and what is wrong with it. */
export interface FieldViolation {
  /** As the contract spells it: `user_ids[3]`, `expires_in`. */
  readonly field: string;
  readonly description: string;
}

interface ErrorDetails {
  readonly cause?: unknown;
  readonly violations?: readonly FieldViolation[];
  readonly retryAfterMs?: number;
}

/** The one error that this library throws. */
export class PresenceError extends Error {
  override readonly name = "PresenceError";
  readonly code: PresenceErrorCode;
  readonly violations: readonly FieldViolation[];
  /** Milliseconds until another try makes sense; with `UNAVAILABLE`, and with `LIMIT_EXCEEDED` where waiting helps. */
  readonly retryAfterMs: number | undefined;

  constructor(code: PresenceErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** `INVALID_ARGUMENT` about one field. */
  static invalid(field: string, description: string): PresenceError {
    return new PresenceError("INVALID_ARGUMENT", `${field} ${description}`, { violations: [{ field, description }] });
  }

  /** `UNAVAILABLE`, with the time after which to try again. */
  static unavailable(message: string, retryAfterMs: number, cause?: unknown): PresenceError {
    return new PresenceError("UNAVAILABLE", message, { retryAfterMs, cause });
  }

  /** The error itself if it is one of ours, else an `INTERNAL` around it. */
  static from(error: unknown): PresenceError {
    if (error instanceof PresenceError) return error;
    return new PresenceError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
