import type { Lie } from "../lie.ts";
import { type Entry, isTold } from "../records.ts";

/** This machine's clock, which Redis shares. */
export interface WallClock {
  /** Milliseconds since 1970 at which `at` is 0. */
  readonly originMs: number;
  /** Milliseconds since 1970 before which nobody was there. */
  readonly bornMs: number;
}

/** Far more than clocks and rounding differ on one machine, far less than a clock that is wrong. */
const toleranceMs = 5_000;

/** Versions and beginnings from the future, or from before everything began. */
export function findMisdated(entries: readonly Entry[], { originMs, bornMs }: WallClock): readonly Lie[] {
  return entries.flatMap((entry): Lie[] => {
    if (!isTold(entry) || entry.since === undefined) return [];
    const now = originMs + entry.at;
    const times = [
      ["since", entry.since],
      ["version", Number(entry.version / 1_000n)],
    ] as const;
    return times.flatMap(([what, ms]): Lie[] => {
      const early = ms < bornMs - toleranceMs;
      if (!early && ms <= now + toleranceMs) return [];
      const when = early ? `${(bornMs - ms).toFixed(0)} ms older than the user` : `${(ms - now).toFixed(0)} ms from the future`;
      return [{ promise: "dated", what: `${entry.client} was told a ${what} of ${entry.user} that is ${when}` }];
    });
  });
}
