import { type Commit, longAgo, never, type PresenceRecord, type PresenceStore, unknownRecord } from "@presence/domain";
import type { Harness } from "@presence/domain/testing";
import type { MemoryHarness } from "./memory-harness.fixture.ts";
import type { MemoryPresenceStore } from "./memory-presence-store.ts";

/** A harness whose adapter is broken in one way. */
export type Sabotage = (harness: MemoryHarness) => Partial<Harness>;

/** Replaces methods of the store, of its peer too. */
export function brokenStore(breakIt: (store: MemoryPresenceStore, harness: Harness) => Partial<PresenceStore>): Sabotage {
  return (harness) => {
    const { store } = harness;
    const intact: PresenceStore = {
      name: store.name,
      load: (userIds) => store.load(userIds),
      loadForChange: (userIds) => store.loadForChange(userIds),
      commit: (commits) => store.commit(commits),
      renew: (renewals) => store.renew(renewals),
      claimDue: (limit) => store.claimDue(limit),
      finishDue: (outcomes) => store.finishDue(outcomes),
      armDue: (outcomes) => store.armDue(outcomes),
      lead: () => store.lead(),
      scan: (cursor, limit) => store.scan(cursor, limit),
    };
    const broken = { ...intact, ...breakIt(store, harness) };
    return { store: broken, peer: broken };
  };
}

/** Commits with each commit changed on its way. */
export function commitsWith(change: (commit: Commit, current: PresenceRecord, session: boolean) => Commit): Sabotage {
  return brokenStore((store) => ({
    async commit(commits) {
      const { entries } = await store.loadForChange(commits.map(({ userId }) => userId));
      return store.commit(
        commits.map((commit, index) => change(commit, entries[index]?.record ?? unknownRecord, entries[index]?.session ?? false)),
      );
    },
  }));
}

/** Commits with something done after each of them. */
export function commitsThen(act: (commit: Commit, committed: boolean, harness: Harness) => Promise<void>): Sabotage {
  return brokenStore((store, harness) => ({
    async commit(commits) {
      const results = await store.commit(commits);
      for (const [index, commit] of commits.entries()) await act(commit, results[index] === "committed", harness);
      return results;
    },
  }));
}

/** Another record in every answer. */
export function readsWith(change: (record: PresenceRecord) => PresenceRecord): Sabotage {
  return brokenStore((store) => ({
    async load(userIds) {
      const { moment, entries } = await store.load(userIds);
      return { moment, entries: entries.map(change) };
    },
  }));
}

/** Renews as if each record were what `change` makes of it. */
export function renewsWith(change: (record: PresenceRecord, now: Commit["decidedAt"]) => PresenceRecord): Sabotage {
  return brokenStore((store) => ({
    async renew(renewals) {
      for (const { userId } of renewals) {
        const { moment, entries } = await store.loadForChange([userId]);
        const [entry] = entries;
        if (entry === undefined || entry.record === unknownRecord) continue;
        const changed = change(entry.record, moment.now);
        if (changed === entry.record) continue;
        const same = { signOfLife: false, event: undefined, due: undefined, keepForMs: 1e9 };
        await store.commit([
          {
            userId,
            expectedRevision: entry.record.revision,
            record: { ...changed, revision: entry.record.revision + 1 },
            session: entry.session,
            decidedAt: moment.now,
            staleFrom: never,
            ...same,
          },
        ]);
      }
      return store.renew(renewals);
    },
  }));
}

/** Takes the due entry of one user out of the index, whenever it is. */
export async function claimAndForget(store: PresenceStore, userId: Commit["userId"]): Promise<void> {
  await store.finishDue([{ userId, due: longAgo, keepForMs: undefined }]);
  const { userIds } = await store.claimDue(1_000);
  await store.finishDue(
    userIds.map((claimed) => ({ userId: claimed, due: claimed === userId ? undefined : longAgo, keepForMs: undefined })),
  );
}
