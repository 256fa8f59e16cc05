import { after, latest, longAgo, type Millis } from "./time.ts";
import type { Window } from "./watched-time.ts";

/** What a store keeps about who watched when: the last sweep of anyone, and the last window. */
export interface WatchClock {
  readonly tick: Millis;
  readonly window: Window | undefined;
  readonly blindUntil: Millis;
}

/** How the clock moves on. All in milliseconds. */
export interface WatchClockPolicy {
  /** Longest pause between two sweeps that proves nothing. */
  readonly gapMs: number;
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
}

/** The caller's own last tick, and whether the store still has it: if not, the store lost writes. */
export interface RememberedTick {
  readonly tick: Millis;
  readonly kept: boolean;
}

/**
 * The clock after a sweep at `time`. A pause of all sweepers opens a window; lost writes open one and blind us.
 *
 * @param stored what the store holds; undefined where it holds none
 * @param remembered undefined at the caller's first tick
 */
export function advanceClock(
  stored: WatchClock | undefined,
  time: Millis,
  remembered: RememberedTick | undefined,
  policy: WatchClockPolicy,
): WatchClock {
  const tick = stored?.tick ?? remembered?.tick ?? time;
  const now = latest(time, tick);
  const lostWrites = remembered !== undefined && !remembered.kept;
  const last = stored?.window;
  const blindUntil = stored?.blindUntil ?? longAgo;
  if (now - tick <= policy.gapMs && !lostWrites) return { tick: now, window: last, blindUntil };

  // Nobody decided anything later than a gap after the last tick, so nothing told before `from` is taken back.
  const unwatched = after(tick, policy.gapMs);
  const from = last !== undefined && last.until > unwatched ? last.from : unwatched;
  return {
    tick: now,
    window: { from, until: after(now, policy.leaseTtlMs) },
    blindUntil: lostWrites ? latest(blindUntil, after(now, blindMs(policy))) : blindUntil,
  };
}

/** How long after lost writes no OFFLINE may be told, in ms. Every client that lives has given a sign of life by then: a heartbeat, its jitter, and a second for the way. */
export function blindMs({ heartbeatIntervalMs }: Pick<WatchClockPolicy, "heartbeatIntervalMs">): number {
  return Math.ceil(1.1 * heartbeatIntervalMs) + 1_000;
}
