import type { Millis } from "./time.ts";

/**
 * A span in which nobody watched: every server or the store itself was away, so silence proves nothing.
 * Deadlines inside (`from`, `until`) count as `until`.
 */
export interface Window {
  readonly from: Millis;
  readonly until: Millis;
  /** An earlier one, in which deadlines may lie that nobody has settled yet. */
  readonly before?: Window | undefined;
}

/** The store's clock at one instant: what every answer and every write is decided with. */
export interface Moment {
  readonly now: Millis;
  /** How far the store's clock may be ahead of `now`, in milliseconds: leases and graces last so much longer, and never end early. */
  readonly aheadMs: number;
  /** The last window, also when it is over; undefined where there never was one. */
  readonly window: Window | undefined;
  /** Until then writes may have been lost, and no OFFLINE may be told. `longAgo` normally. */
  readonly blindUntil: Millis;
  /** When lost writes were noticed last. Whatever was told before has a version below that instant's. `longAgo` normally. */
  readonly lostAt: Millis;
}

/** When `deadline` really ends, given that nobody watched during `window`. */
export function effective(deadline: Millis, window: Window | undefined): Millis {
  if (window === undefined) return deadline;
  // What an earlier window has moved may lie in this one.
  const moved = window.before === undefined ? deadline : effective(deadline, window.before);
  return contains(window, moved) ? window.until : moved;
}

/** The window in which `at` lies, if any. */
export function windowAround(at: Millis, window: Window | undefined): Window | undefined {
  for (let one = window; one !== undefined; one = one.before) if (contains(one, at)) return one;
  return undefined;
}

/** Whether `now` lies in a window, or writes may have been lost: then what seems missing may have been lost with us. */
export function mayBeLost({ now, window, blindUntil }: Moment): boolean {
  return now < blindUntil || windowAround(now, window) !== undefined;
}

function contains({ from, until }: Window, at: Millis): boolean {
  return at > from && at < until;
}
