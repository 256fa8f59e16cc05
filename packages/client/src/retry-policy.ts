import type { PresenceClientError } from "./presence-client-error.ts";

/**
 * When a call is sent again. Every unary call may be: the contract says that a write repeated by a retry changes nothing more. Only
 * `UNAVAILABLE` is retried: then nothing answered, or the server asked for it. A deadline that passed is never retried.
 */
export interface RetryPolicy {
  /** Tries in all; 1 switches retries off. Default 4: it outlasts one dropped connection or one server of several that restarts. */
  readonly maxAttempts: number;
  /** Longest wait before the second try, in milliseconds. Default 100: longer than a connection takes to open again. */
  readonly initialBackoffMs: number;
  /** How much longer each further wait may be. Default 2: it takes load off a server that is coming up. */
  readonly backoffMultiplier: number;
  /** Longest wait of all, in milliseconds. Default 1000: two waits and an answer fit into the default deadline of 5 s. */
  readonly maxBackoffMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { maxAttempts: 4, initialBackoffMs: 100, backoffMultiplier: 2, maxBackoffMs: 1_000 };

/**
 * How long to wait before the next try, in milliseconds; undefined: give up now.
 *
 * The wait is drawn between half and all of the backoff, so that clients which failed together do not come back together. A `RetryInfo`
 * is a promise that an earlier try is in vain: it is the least wait, with the jitter on top. A wait that ends after the deadline is
 * never begun: the caller learns at once what he would learn later.
 *
 * @param attempts tries made so far, at least 1
 * @param remainingMs until the call's deadline
 * @param random in [0, 1)
 */
export function retryDelayMs(
  policy: RetryPolicy,
  error: PresenceClientError,
  attempts: number,
  remainingMs: number,
  random: number,
): number | undefined {
  if (error.code !== "UNAVAILABLE" || attempts >= policy.maxAttempts) return undefined;
  const backoff = Math.min(policy.maxBackoffMs, policy.initialBackoffMs * policy.backoffMultiplier ** (attempts - 1));
  const jittered = backoff * (0.5 + random / 2);
  const delay = error.retryAfterMs === undefined ? jittered : error.retryAfterMs + jittered - backoff / 2;
  return delay < remainingMs ? delay : undefined;
}
