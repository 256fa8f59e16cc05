import type { PresenceClientError } from "./presence-client-error.ts";

/** Trying again does not help: the caller is refused, or speaks with somebody else than a presence service. */
const finalCodes: ReadonlySet<string> = new Set(["INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "UNIMPLEMENTED"]);

/**
 * Whether a stream that ended so is not opened again. `CANCELLED` is no such word: a server resets so whom it cannot reach.
 * @param accepted the server had answered on it: who is a stranger now had a token that has ended, and the next one may be good
 */
export function endsStream({ code }: PresenceClientError, accepted: boolean): boolean {
  return finalCodes.has(code) && !(code === "UNAUTHENTICATED" && accepted);
}

/** Whether a device that is refused so is not connected again. */
export function endsDevice({ code }: PresenceClientError): boolean {
  return finalCodes.has(code) || code === "FAILED_PRECONDITION";
}

/** Whether a watch that is refused so is not opened again: it may have grown beyond what one stream may watch. */
export function refusesWatch(error: PresenceClientError, accepted = false): boolean {
  return endsStream(error, accepted) || error.code === "RESOURCE_EXHAUSTED";
}
