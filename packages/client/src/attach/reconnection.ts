import { setTimeout as sleep } from "node:timers/promises";
import { PresenceClientError } from "../presence-client-error.ts";
import { reconnectDelayMs, type WatchBackoff } from "../watch-backoff.ts";

/** The wait after so many failures in a row; never shorter than the server asked for. */
export function pauseMs(backoff: WatchBackoff, failures: number, reason: PresenceClientError | undefined): number {
  return (reason?.retryAfterMs ?? 0) + reconnectDelayMs(backoff, failures, Math.random());
}

/** @throws PresenceClientError `CANCELLED` where `signal` ends the wait */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((cause: unknown) => {
    throw signal.aborted ? closed() : cause;
  });
}

export function closed(): PresenceClientError {
  return new PresenceClientError("CANCELLED", "the attachment is closed");
}
