import { after, latest, longAgo, type Millis } from "./time.ts";
import type { Window } from "./watched-time.ts";

/** What a store keeps about who watched when: the last sweep of anyone, and the last window. */
export interface WatchClock {
  readonly tick: Millis;
  readonly window: Window | undefined;
  readonly blindUntil: Millis;
  /** When lost writes were noticed last; `longAgo`: never. */
  readonly lostAt: Millis;
}

/** How the clock moves on. All in milliseconds. */
export interface WatchClockPolicy {
  /** Longest pause between two sweeps that proves nothing. */
  readonly gapMs: number;
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
}

/** What a caller knows of the ticks before. */
export interface TickMemory {
  /** Its own last one; undefined at its first. */
  readonly tick: Millis | undefined;
  /** Whether the store still has that one. */
  readonly kept: boolean;
  /** The store is another run, or another server, than the one to which somebody ticked last. */
  readonly otherRun: boolean;
}

/** Most windows that are kept: those before have been settled, or have nobody left in them. */
const maxWindows = 4;

/**
 * The clock after a sweep at `time`. A pause of all sweepers opens a window; lost writes open one and blind us, and a pause
 * while we are blind begins that anew, since nobody could be heard in it.
 *
 * @param stored what the store holds; undefined where it holds none
 */
export function advanceClock(
  stored: WatchClock | undefined,
  time: Millis,
  { tick: own, kept, otherRun }: TickMemory,
  policy: WatchClockPolicy,
): WatchClock {
  const tick = stored?.tick ?? own ?? time;
  // Another server in the place of the one that was lost may have a clock that is behind.
  const now = latest(time, latest(tick, own ?? longAgo));
  const last = stored?.window;
  const { blindUntil, lostAt } = stored ?? { blindUntil: longAgo, lostAt: longAgo };
  // What was lost before somebody else noticed it, is noticed.
  const lostWrites = otherRun || (own !== undefined && !kept && own > lostAt);
  if (now - tick <= policy.gapMs && !lostWrites) return { tick: now, window: last, blindUntil, lostAt };

  // Nobody decided anything later than a gap after the last tick, so nothing told before `from` is taken back.
  const unwatched = after(tick, policy.gapMs);
  const until = after(now, policy.leaseTtlMs);
  const goesOn = last !== undefined && last.until > unwatched;
  return {
    tick: now,
    window: goesOn ? { ...last, until } : { from: unwatched, until, before: newest(last, maxWindows - 1) },
    blindUntil: lostWrites || tick < blindUntil ? latest(blindUntil, after(now, blindMs(policy))) : blindUntil,
    lostAt: lostWrites ? now : lostAt,
  };
}

function newest(window: Window | undefined, count: number): Window | undefined {
  return window === undefined || count === 0 ? undefined : { ...window, before: newest(window.before, count - 1) };
}

/** How long after lost writes no OFFLINE may be told, in ms. Every client that lives has given a sign of life by then: a heartbeat, its jitter, and a second for the way. */
export function blindMs({ heartbeatIntervalMs }: Pick<WatchClockPolicy, "heartbeatIntervalMs">): number {
  return Math.ceil(1.1 * heartbeatIntervalMs) + 1_000;
}
