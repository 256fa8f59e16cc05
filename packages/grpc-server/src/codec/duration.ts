import { PresenceError } from "@presence/domain";
import type { Duration } from "@presence/proto";

// The range of google.protobuf.Duration, some 10,000 years.
const maxSeconds = 315_576_000_000n;
const maxNanos = 999_999_999;
const nanosPerMs = 1_000_000;

/**
 * Milliseconds of a duration; undefined where there is none. A part of a millisecond counts as a whole one, so that what is more than
 * nothing stays so, and what is less too.
 * @throws PresenceError `INVALID_ARGUMENT` where the message is no duration
 */
export function durationMs(duration: Duration | undefined, field: string): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  if (seconds > maxSeconds || seconds < -maxSeconds)
    throw PresenceError.invalid(`${field}.seconds`, `is ${seconds}; it must be from -${maxSeconds} to ${maxSeconds}`);
  if (Math.abs(nanos) > maxNanos) throw PresenceError.invalid(`${field}.nanos`, `is ${nanos}; it must be from -${maxNanos} to ${maxNanos}`);
  if ((seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0))
    throw PresenceError.invalid(field, "has seconds and nanos of different signs");
  const wholeMs = Number(seconds) * 1_000;
  const restMs = nanos / nanosPerMs;
  return wholeMs + (restMs < 0 ? Math.floor(restMs) : Math.ceil(restMs));
}

/** A duration for the wire. @param ms whole milliseconds, not negative */
export function toDuration(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * nanosPerMs };
}
