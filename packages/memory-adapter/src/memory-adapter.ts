import type { PresenceFeed, PresencePolicy, SessionTtlPolicy } from "@presence/domain";
import { MemoryPartyDirectory } from "./memory-party-directory.ts";
import { MemoryPresenceFeed } from "./memory-presence-feed.ts";
import { MemoryPresenceStore } from "./memory-presence-store.ts";
import { MemorySessionDirectory } from "./memory-session-directory.ts";
import { monotonicClock } from "./monotonic-clock.ts";
import { SessionHashes } from "./session-hashes.ts";

export interface MemoryAdapterOptions {
  readonly policy: PresencePolicy;
  /** What a sign of life does to a session's remaining time; default `align`. */
  readonly sessionTtl?: SessionTtlPolicy;
  /** Milliseconds since 1970; default: the wall clock, made monotonic. One that runs backwards stands still meanwhile. */
  readonly now?: () => number;
}

/** Everything a `PresenceService` needs, in the memory of one process. */
export interface MemoryAdapter {
  readonly store: MemoryPresenceStore;
  readonly sessions: MemorySessionDirectory;
  readonly parties: MemoryPartyDirectory;
  /** For one watch hub. */
  readonly feed: PresenceFeed;
}

/**
 * The embedded default: nothing to install, nothing kept over a restart.
 * `new PresenceService({ ...memoryAdapter({ policy }), policy })`; call its `sweep` every 250 ms.
 */
export function memoryAdapter({ policy, sessionTtl = "align", now }: MemoryAdapterOptions): MemoryAdapter {
  const clock = now === undefined ? monotonicClock() : neverBackwards(now);
  const hashes = new SessionHashes(clock);
  const feed = new MemoryPresenceFeed();
  return {
    store: new MemoryPresenceStore({ policy, sessionTtl, sessions: hashes, now: clock, publish: (event) => feed.publish(event) }),
    sessions: new MemorySessionDirectory(hashes),
    parties: new MemoryPartyDirectory(),
    feed,
  };
}

function neverBackwards(now: () => number): () => number {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    last = Math.max(last, Math.floor(now()));
    return last;
  };
}
