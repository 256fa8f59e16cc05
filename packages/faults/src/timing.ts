/** How fast the life of a world is, in milliseconds. */
export interface Timing {
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly graceMs: number;
  /** Crowds are smaller by this factor. */
  readonly crowdDivisor: number;
}

/** That of production. */
export const fullTiming: Timing = { leaseMs: 120_000, heartbeatMs: 30_000, graceMs: 20_000, crowdDivisor: 1 };

/** Twenty times faster, with crowds a tenth as large. */
export const shortTiming: Timing = { leaseMs: 6_000, heartbeatMs: 1_500, graceMs: 1_000, crowdDivisor: 10 };

/** Longest pause of all sweeps that proves nothing (design: a quarter of the lease, at most 5 s). */
export function gapMs({ leaseMs }: Timing): number {
  return Math.min(5_000, leaseMs / 4);
}

/** How long every OFFLINE is withheld after lost writes (design: 1.1 heartbeats and a second). */
function blindMs({ heartbeatMs }: Timing): number {
  return 1.1 * heartbeatMs + 1_000;
}

/** By when after a fault is over everyone who is silent must be OFFLINE: he may be blind first, and has an extra lease then. */
export function offlineWithinMs(timing: Timing): number {
  return 2 * timing.leaseMs + blindMs(timing) + 2_000;
}
