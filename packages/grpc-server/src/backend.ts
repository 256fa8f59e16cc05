import { setTimeout as sleep } from "node:timers/promises";
import type { PartyDirectory, PresenceFeed, PresenceStore, SessionDirectory, UserId } from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { redisAdapter } from "@presence/redis-adapter";
import type { Logger } from "pino";
import type { Config } from "./config.ts";

/** What a server works on. */
export interface Backend {
  readonly store: PresenceStore;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  /** For one watch hub. */
  readonly feed: PresenceFeed;
  /** Gives a store that is being connected to a moment, so that a start in good order does not begin with a complaint. Never fails. */
  ready?(): Promise<void>;
  close(): void;
}

const connectMs = 1_000;
const pollMs = 20;

/** Redis where the settings name one, else the memory of this process. */
export function createBackend(
  { policy, sessionTtl, redis }: Config,
  log: Logger,
  onSessionGone: (userId: UserId, seen: boolean) => void,
): Backend {
  if (redis === undefined) return { ...memoryAdapter({ policy, sessionTtl }), close: () => {} };
  if (sessionTtl === "align") {
    log.info(
      "a session hash without a TTL gets one with the first sign of life, and ends with presence: PRESENCE_SESSION_TTL=off leaves TTLs alone, a longer TTL set by the auth service is kept",
    );
  }
  const adapter = redisAdapter({
    ...redis,
    policy,
    sessionTtl,
    onSessionGone,
    log: {
      info: (message) => log.info(message),
      warn: (message, error) => log.warn({ reason: error instanceof Error ? error.message : error }, message),
    },
  });
  return { ...adapter, ready: () => answers(adapter.store) };
}

async function answers(store: PresenceStore): Promise<void> {
  for (const deadline = performance.now() + connectMs; performance.now() < deadline; await sleep(pollMs)) {
    const answered = await store.load([]).then(
      () => true,
      () => false,
    );
    if (answered) return;
  }
}
