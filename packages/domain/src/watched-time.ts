import type { Millis } from "./time.ts";

/**
 * A span in which nobody watched: every server or the store itself was away, so silence proves nothing.
 * Deadlines inside (`from`, `until`) count as `until`.
 */
export interface Window {
  readonly from: Millis;
  readonly until: Millis;
}

/** The store's clock at one instant: what every answer and every write is decided with. */
export interface Moment {
  readonly now: Millis;
  /** The last window, also when it is over; undefined where there never was one. */
  readonly window: Window | undefined;
  /** Until then writes may have been lost, and no OFFLINE may be told. `longAgo` normally. */
  readonly blindUntil: Millis;
}

/** When `deadline` really ends, given that nobody watched during `window`. */
export function effective(deadline: Millis, window: Window | undefined): Millis {
  return window !== undefined && deadline > window.from && deadline < window.until ? window.until : deadline;
}

/** Whether `now` lies in a window, so that what seems missing may have been lost with us. */
export function inWindow(moment: Moment): boolean {
  return moment.window !== undefined && moment.now > moment.window.from && moment.now < moment.window.until;
}
