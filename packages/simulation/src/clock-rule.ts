import { advanceClock, after, blindMs, latest, type PresencePolicy, watchGapMs } from "@presence/domain";
import { knownHoles } from "./known-holes.ts";

/** The rule of watched time in its parts, so that a test can break each of them and see that somebody is lied to. */
export interface ClockRule {
  /** How old a clock may be, and how long nobody may watch. */
  readonly gapMs: (policy: PresencePolicy) => number;
  /** What a tick makes of the clock. */
  readonly advance: typeof advanceClock;
  /** An answer is given only with a clock that is still young when it comes. */
  readonly checksAge: boolean;
  /** A write is refused where it was decided too long ago. */
  readonly checksCommitAge: boolean;
  /** After a new connection nothing is decided before the next tick. */
  readonly ticksAfterReconnect: boolean;
  /** What was decided on an earlier connection is not written on this one. */
  readonly distrustsEarlierDecisions: boolean;
}

/** The rule as it is, but for the hole in it that is known. */
export const designedRule: ClockRule = {
  gapMs: watchGapMs,
  advance: knownHoles.blindEndsInPause ? advanceBlind : advanceClock,
  checksAge: true,
  checksCommitAge: true,
  ticksAfterReconnect: true,
  distrustsEarlierDecisions: true,
};

/** Whoever was blind when the last one stopped watching has heard nobody since: he is blind again from now. */
function advanceBlind(...[stored, time, remembered, policy]: Parameters<typeof advanceClock>): ReturnType<typeof advanceClock> {
  const next = advanceClock(stored, time, remembered, policy);
  if (stored === undefined || next.window === stored.window || stored.tick >= stored.blindUntil) return next;
  return { ...next, blindUntil: latest(next.blindUntil, after(next.tick, blindMs(policy))) };
}
