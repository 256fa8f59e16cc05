import { advanceClock, type PresencePolicy, watchGapMs } from "@presence/domain";

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

/** The rule as it is. */
export const designedRule: ClockRule = {
  gapMs: watchGapMs,
  advance: advanceClock,
  checksAge: true,
  checksCommitAge: true,
  ticksAfterReconnect: true,
  distrustsEarlierDecisions: true,
};
