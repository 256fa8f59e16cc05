import { setTimeout as sleep } from "node:timers/promises";
import { PresenceClientError } from "../presence-client-error.ts";
import { reconnectDelayMs, type WatchBackoff } from "../watch-backoff.ts";

/** Trying again does not help: the caller is refused, or speaks with somebody else than a presence service. */
const finalCodes: ReadonlySet<string> = new Set(["INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "UNIMPLEMENTED"]);

/** Whether a stream that ended so is not opened again. */
export function endsAttachment({ code }: PresenceClientError): boolean {
  return finalCodes.has(code);
}

/** Whether a device that is refused so is not connected again. */
export function endsDevice(error: PresenceClientError): boolean {
  return endsAttachment(error) || error.code === "FAILED_PRECONDITION";
}

/** Whether a watch that is refused so is not opened again: it may have grown beyond what one stream may watch. */
export function refusesWatch(error: PresenceClientError): boolean {
  return endsAttachment(error) || error.code === "RESOURCE_EXHAUSTED";
}

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
