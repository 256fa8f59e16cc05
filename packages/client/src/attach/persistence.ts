import { toClientError } from "../error-translation.ts";
import type { PresenceClientError } from "../presence-client-error.ts";
import type { WatchBackoff } from "../watch-backoff.ts";
import type { AttachStream } from "./attach-stream.ts";
import { pause, pauseMs } from "./reconnection.ts";

export interface PersistenceOptions {
  readonly backoff: WatchBackoff;
  /** Ends the waits. */
  readonly signal: AbortSignal;
}

/**
 * Tries, for what has to be on a new stream as it was on the last one, until it succeeds, is refused for good (the error), or the
 * stream is gone (undefined): then the next one takes over.
 * @throws PresenceClientError `CANCELLED` where `signal` ends it
 */
export async function persist<Answer>(
  stream: AttachStream,
  { backoff, signal }: PersistenceOptions,
  isFinal: (error: PresenceClientError) => boolean,
  attempt: () => Promise<Answer>,
): Promise<Answer | PresenceClientError | undefined> {
  for (let failures = 1; stream.open; failures++) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = toClientError(thrown);
      if (!stream.open) return undefined;
      if (isFinal(error)) return error;
      await Promise.race([pause(pauseMs(backoff, failures, error), signal), stream.ended]);
    }
  }
  return undefined;
}
