/** How fast the life of a world is, in milliseconds. */
export interface Timing {
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly graceMs: number;
}

/** That of production. */
export const fullTiming: Timing = { leaseMs: 120_000, heartbeatMs: 30_000, graceMs: 20_000 };

/** Twenty times faster. */
export const shortTiming: Timing = { leaseMs: 6_000, heartbeatMs: 1_500, graceMs: 1_000 };

/** Longest pause of all sweeps that proves nothing (design: a quarter of the lease, at most 5 s). */
export function gapMs({ leaseMs }: Timing): number {
  return Math.min(5_000, leaseMs / 4);
}

/** By when after a fault is over everyone who is silent must be OFFLINE: he may be blind first, and has an extra lease then. */
export function offlineWithinMs({ leaseMs, heartbeatMs }: Timing): number {
  return 2 * leaseMs + 1.1 * heartbeatMs + 3_000;
}
