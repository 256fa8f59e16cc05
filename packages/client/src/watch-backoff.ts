/** How long a watch waits before it connects again, all in milliseconds. */
export interface WatchBackoff {
  /** Longest wait after the first failure. Default 200: most failures are a server that restarts beside others that run. */
  readonly initialMs: number;
  /** Longest wait of all. Default 5,000: a friends list should not be stale for longer than it takes to notice. */
  readonly maxMs: number;
}

export const defaultWatchBackoff: WatchBackoff = { initialMs: 200, maxMs: 5_000 };

/**
 * The wait before the next try: doubled with each failure in a row, drawn between half and all of it, so that clients
 * which lost the same server do not come back together.
 *
 * @param failures in a row, at least 1
 * @param random in [0, 1)
 */
export function reconnectDelayMs({ initialMs, maxMs }: WatchBackoff, failures: number, random: number): number {
  return Math.min(maxMs, initialMs * 2 ** (failures - 1)) * (0.5 + random / 2);
}
