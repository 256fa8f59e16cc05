import { millis, type Presence, type PresencePolicy, presencePolicy, type UserId } from "@presence/domain";
import type { Harness, HarnessOptions } from "@presence/domain/testing";
import { claimTimeoutMs } from "./due-index.ts";
import { memoryAdapter } from "./memory-adapter.ts";
import type { MemoryPresenceStore } from "./memory-presence-store.ts";

/** Where virtual time begins. */
const start = 1_700_000_000_000;

/** A harness whose records can always be read. */
export interface MemoryHarness extends Harness {
  readonly store: MemoryPresenceStore;
}

/** The memory adapter under a clock that stands still until `advance` moves it. */
export function memoryHarness({ sessionTtl }: HarnessOptions, policy: PresencePolicy = presencePolicy()): MemoryHarness {
  let now = start;
  const published: Presence[] = [];
  const { store, sessions, parties, feed } = memoryAdapter({ policy, sessionTtl, now: () => now });
  feed.listen({ subscribed() {}, changed: (presence) => published.push(presence), broken() {} });
  return {
    store,
    peer: store,
    sessions,
    parties,
    policy,
    claimTimeoutMs,
    toleranceMs: 0,
    async advance(ms) {
      now += ms;
    },
    async now() {
      return millis(now);
    },
    async putSession(userId, fields, ttlMs) {
      sessions.put(userId, fields, ttlMs);
    },
    async deleteSession(userId) {
      sessions.delete(userId);
    },
    async readSession(userId) {
      return sessions.read(userId);
    },
    async putPartyMembers(partyId, members) {
      parties.delete(partyId);
      parties.add(partyId, ...members);
    },
    async recordEvents(userIds) {
      feed.subscribe(userIds);
      const wanted = new Set<UserId>(userIds);
      const from = published.length;
      return { heard: async () => published.slice(from).filter(({ userId }) => wanted.has(userId)) };
    },
    async close() {},
  };
}
