import type { Duration } from "@presence/proto";
import { PresenceClientError } from "./presence-client-error.ts";

/** Milliseconds of a duration on the wire; undefined where there is none. */
export function durationMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;
}

/**
 * A duration for the wire. What a negative one means is the server's to say.
 * @param field as the contract spells it, for the error
 * @throws PresenceClientError `INVALID_ARGUMENT` where no duration can say that
 */
export function toDuration(ms: number | undefined, field: string): Duration | undefined {
  if (ms === undefined) return undefined;
  if (!Number.isFinite(ms) || Math.abs(ms) > Number.MAX_SAFE_INTEGER) {
    const description = "is not a number of milliseconds";
    throw new PresenceClientError("INVALID_ARGUMENT", `${field} ${description}`, { violations: [{ field, description }] });
  }
  const seconds = Math.trunc(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}
