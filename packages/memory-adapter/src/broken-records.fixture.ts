import { longAgo, never } from "@presence/domain";
import { brokenStore, commitsThen, commitsWith, readsWith, type Sabotage } from "./sabotage.fixture.ts";

/** Stores that write or read records wrongly, and the rule that must reject each. */
export const brokenRecords: Readonly<Record<string, readonly [Sabotage, string]>> = {
  "ignores the revision": [
    commitsWith((commit, { revision }) => ({ ...commit, expectedRevision: revision })),
    "a commit on an older revision is a conflict and writes nothing",
  ],
  "ignores the session": [
    commitsWith((commit, _, session) => ({ ...commit, session })),
    "a commit that expects a session hash is a conflict where it is gone, and creates none",
  ],
  "ignores the age of a decision": [
    brokenStore((store) => ({
      commit: async (commits) =>
        store.commit(await Promise.all(commits.map(async (commit) => ({ ...commit, decidedAt: (await store.load([])).moment.now })))),
    })),
    "a commit that was decided longer than a gap ago is stale and writes nothing",
  ],
  "ignores when a decision ends": [
    commitsWith((commit) => ({ ...commit, staleFrom: never })),
    "a commit is stale once time alone has changed what it was decided on, and writes nothing",
  ],
  "checks, waits and then writes": [
    brokenStore((store) => {
      let calls = 0;
      return {
        async commit(commits) {
          const { entries } = await store.loadForChange(commits.map(({ userId }) => userId));
          const conflict = commits.some(({ expectedRevision }, index) => entries[index]?.record.revision !== expectedRevision);
          if (conflict) return store.commit(commits);
          // The second of two waits longer, so that each can write after the other.
          calls++;
          for (let wait = 0; wait < (calls % 2) * 10; wait++) await Promise.resolve();
          const { entries: late } = await store.loadForChange(commits.map(({ userId }) => userId));
          return store.commit(commits.map((commit, index) => ({ ...commit, expectedRevision: late[index]?.record.revision ?? 0 })));
        },
      };
    }),
    "of two commits on one revision exactly one wins, and its event alone is told",
  ],
  "creates sessions": [
    commitsThen(async ({ userId, record }, _, harness) => {
      const session = await harness.readSession(userId);
      await harness.putSession(userId, { ...session?.fields, status: record.status }, session?.ttlMs);
    }),
    "presence never creates a session hash",
  ],
  "replaces the session hash": [
    commitsThen(async ({ userId, record, session }, committed, harness) => {
      if (committed && session) await harness.putSession(userId, { status: record.status }, harness.policy.leaseTtlMs);
    }),
    "a commit writes ONLINE into the session hash and touches no other field",
  ],
  "writes no status": [
    brokenStore((store, harness) => ({
      async commit(commits) {
        const before = await Promise.all(commits.map(({ userId }) => harness.readSession(userId)));
        const results = await store.commit(commits);
        for (const [index, { userId }] of commits.entries()) {
          const session = await harness.readSession(userId);
          if (session !== undefined) await harness.putSession(userId, before[index]?.fields ?? {}, session.ttlMs);
        }
        return results;
      },
    })),
    "a commit writes DND into the session hash and touches no other field",
  ],
  "takes every commit for a sign of life": [
    commitsWith((commit) => ({ ...commit, signOfLife: true })),
    "a commit that is no sign of life writes the status and leaves the session's expiration alone",
  ],
  "leaves the session's expiration alone": [
    commitsWith((commit) => ({ ...commit, signOfLife: false })),
    "with align, a commit of a sign of life makes the lease of a session of a shorter time",
  ],
  "keeps records for ever": [
    commitsWith((commit) => ({ ...commit, keepForMs: 1e12 })),
    "a record is forgotten when its time is over, and a new one can be written",
  ],
  "publishes on a conflict": [
    brokenStore((store) => ({
      async commit(commits) {
        const results = await store.commit(commits);
        for (const [index, commit] of commits.entries()) {
          if (results[index] !== "conflict" || commit.event === undefined) continue;
          const { moment, entries } = await store.loadForChange([commit.userId]);
          const [current] = entries;
          if (current === undefined) continue;
          const record = { ...current.record, revision: current.record.revision + 1 };
          await store.commit([
            {
              ...commit,
              record,
              expectedRevision: current.record.revision,
              session: current.session,
              decidedAt: moment.now,
              due: undefined,
            },
          ]);
        }
        return results;
      },
    })),
    "a commit that loses publishes nothing",
  ],
  "publishes nothing": [commitsWith((commit) => ({ ...commit, event: undefined })), "a commit publishes its event once, as it is"],
  "publishes every commit": [
    commitsWith((commit) => ({
      ...commit,
      event: commit.event ?? { userId: commit.userId, status: "ONLINE", since: undefined, lastSeen: undefined, message: "", version: 1 },
    })),
    "a commit without an event publishes nothing",
  ],
  "forgets messages": [readsWith((record) => ({ ...record, message: undefined })), "what was committed is loaded: the longest message"],
  "reads never as a number": [
    readsWith((record) => ({
      ...record,
      devices: record.devices.map((device) => (device.activeUntil === never ? { ...device, activeUntil: longAgo } : device)),
    })),
    "what was committed is loaded: devices with every kind of deadline",
  ],
  "answers in the order of its own": [
    brokenStore((store) => ({ load: (userIds) => store.load([...userIds].sort()) })),
    "records come in the order asked for, and twice where asked twice",
  ],
};
