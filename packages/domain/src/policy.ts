import { PresenceError } from "./errors.ts";

/** The TTL policy: how long each sign of life counts. All in milliseconds. */
export interface PresencePolicy {
  /** A device lives this long after its last sign of life. */
  readonly leaseTtlMs: number;
  /** How often an app is told to give one. */
  readonly heartbeatIntervalMs: number;
  /** How long a broken stream may take to come back unseen. */
  readonly graceMs: number;
  /** A device that reports idleness is active this long after its user's last input. */
  readonly idleAfterMs: number;
  /** A record is kept this long after the user was last seen. */
  readonly retentionMs: number;
  /** Refuse signs of life of a user without a session hash. */
  readonly sessionRequired: boolean;
}

/**
 * What a sign of life does to the remaining time of a session hash: `align` makes it at least the lease, `exact` makes
 * it the lease, `off` leaves it alone.
 */
export type SessionTtlPolicy = "align" | "exact" | "off";

/** A lease of 2 minutes, aligned with the global expiration of a session. */
export const defaultPolicy: PresencePolicy = {
  leaseTtlMs: 120_000,
  heartbeatIntervalMs: 30_000,
  graceMs: 20_000,
  idleAfterMs: 300_000,
  retentionMs: 7 * 86_400_000,
  sessionRequired: false,
};

/**
 * The default policy with `changes`, checked.
 * @throws PresenceError `INVALID_ARGUMENT`, naming the settings that do not fit together.
 */
export function presencePolicy(changes: Partial<PresencePolicy> = {}): PresencePolicy {
  const policy = { ...defaultPolicy, ...changes };
  for (const [name, least] of [
    ["leaseTtlMs", 1],
    ["heartbeatIntervalMs", 1],
    ["graceMs", 0],
    ["idleAfterMs", 1],
    ["retentionMs", 1],
  ] as const) {
    const value = policy[name];
    if (!Number.isSafeInteger(value) || value < least)
      throw PresenceError.invalid(name, `is ${value}; it must be a whole number of milliseconds, at least ${least}`);
  }
  if (policy.leaseTtlMs < 3 * policy.heartbeatIntervalMs) {
    throw PresenceError.invalid(
      "leaseTtlMs",
      `is ${policy.leaseTtlMs}, less than three times heartbeatIntervalMs (${policy.heartbeatIntervalMs}): one lost heartbeat would show as OFFLINE`,
    );
  }
  if (policy.graceMs > policy.leaseTtlMs) {
    throw PresenceError.invalid(
      "graceMs",
      `is ${policy.graceMs}, more than leaseTtlMs (${policy.leaseTtlMs}): a broken stream would outlive a silent one`,
    );
  }
  return policy;
}

/** How old a reading of the store's clock may be for a decision, and how long nobody may watch before a window opens. */
export function watchGapMs(policy: PresencePolicy): number {
  return Math.min(5_000, Math.floor(policy.leaseTtlMs / 4));
}
