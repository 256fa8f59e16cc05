declare const unit: unique symbol;

/** An instant: milliseconds since 1970 by the store's clock. Durations are plain numbers named `…Ms`. */
export type Millis = number & { readonly [unit]: "ms" };

/** `value` as an instant, cut to a whole millisecond. */
export function millis(value: number): Millis {
  return Math.floor(value) as Millis;
}

/** The instant `durationMs` after `at` (before it, if negative). */
export function after(at: Millis, durationMs: number): Millis {
  return (at + durationMs) as Millis;
}

/** Later than every instant: a deadline that never comes. */
export const never = Number.POSITIVE_INFINITY as Millis;

/** Earlier than every instant. */
export const longAgo = 0 as Millis;

/** The later of two instants. */
export function latest(a: Millis, b: Millis): Millis {
  return a > b ? a : b;
}

/** The earlier of two instants. */
export function earliest(a: Millis, b: Millis): Millis {
  return a < b ? a : b;
}
