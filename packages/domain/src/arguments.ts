import { PresenceError } from "./errors.ts";

/** Most users or heartbeats of one call. */
export const maxBatch = 1_000;
/** Longest message, in characters (code points). */
export const maxMessageLength = 280;
/** Longest life of a claim or message. */
export const maxExpiresInMs = 366 * 86_400_000;

/** @throws PresenceError `INVALID_ARGUMENT` unless undefined, or a duration > 0 and ≤ 366 days. */
export function checkExpiresIn(valueMs: number | undefined, field = "expires_in"): void {
  if (valueMs === undefined) return;
  if (!(valueMs > 0)) throw PresenceError.invalid(field, `is ${valueMs} ms; it must be more than 0`);
  if (valueMs > maxExpiresInMs) throw PresenceError.invalid(field, `is ${valueMs} ms; it may be 366 days at most`);
}

/** @throws PresenceError `INVALID_ARGUMENT` unless undefined, or a duration ≥ 0. */
export function checkIdleFor(valueMs: number | undefined, field = "idle_for"): void {
  if (valueMs === undefined || (valueMs >= 0 && Number.isFinite(valueMs))) return;
  throw PresenceError.invalid(field, `is ${valueMs} ms; it must not be negative`);
}

/** @throws PresenceError `INVALID_ARGUMENT` unless at most 280 characters, none of them a control character. */
export function checkMessage(value: string, field = "message"): void {
  // Counted in code points: an emoji is one character to who types it.
  const length = value.length <= maxMessageLength ? value.length : [...value].length;
  if (length > maxMessageLength) throw PresenceError.invalid(field, `has ${length} characters; it may have ${maxMessageLength}`);
  if (/\p{Cc}/u.test(value)) throw PresenceError.invalid(field, "has a control character; it must be plain text on one line");
  if (/\p{Cs}/u.test(value)) throw PresenceError.invalid(field, "has half a surrogate pair; it must be well-formed text");
}

/** @throws PresenceError `INVALID_ARGUMENT` where a batch asks for more than 1,000. */
export function checkBatch(size: number, field: string): void {
  if (size > maxBatch) throw PresenceError.invalid(field, `has ${size} entries; it may have ${maxBatch}`);
}
