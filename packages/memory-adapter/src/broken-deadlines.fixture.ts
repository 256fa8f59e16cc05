import { after, latest, PresenceError, unknownRecord } from "@presence/domain";
import { brokenStore, claimAndForget, commitsWith, renewsWith, type Sabotage } from "./sabotage.fixture.ts";

/** Stores that lose track of time, and the rule that must reject each. */
export const brokenDeadlines: Readonly<Record<string, readonly [Sabotage, string]>> = {
  "loses due entries": [commitsWith((commit) => ({ ...commit, due: undefined })), "a user is claimed when he is due, and not before"],
  "moves due entries later": [
    brokenStore((store) => ({
      async commit(commits) {
        for (const { userId, due } of commits) if (due !== undefined) await claimAndForget(store, userId);
        return store.commit(commits);
      },
    })),
    "a commit never makes a due time later",
  ],
  "claims who is not due": [
    brokenStore((store) => ({
      async claimDue(limit) {
        const claim = await store.claimDue(limit);
        if (claim.userIds.length > 0 || limit === 0) return claim;
        const { users } = await store.scan(undefined, limit);
        return { ...claim, userIds: users.map(({ userId }) => userId) };
      },
    })),
    "a user is claimed when he is due, and not before",
  ],
  "claims for two": [
    brokenStore((store) => ({
      async claimDue(limit) {
        const claim = await store.claimDue(limit);
        await store.finishDue(claim.userIds.map((userId) => ({ userId, due: claim.moment.now, keepForMs: undefined })));
        return claim;
      },
    })),
    "a claimed user is held by one caller",
  ],
  "claims for ever": [
    brokenStore((store) => ({
      async claimDue(limit) {
        const claim = await store.claimDue(limit);
        await store.finishDue(claim.userIds.map((userId) => ({ userId, due: undefined, keepForMs: undefined })));
        return claim;
      },
    })),
    "a claim that is not finished is due again after its time-out",
  ],
  "claims more than it was asked for": [
    brokenStore((store) => ({ claimDue: (limit) => store.claimDue(limit + 1) })),
    "a claim takes no more than it asks for, and leaves the rest to the next",
  ],
  "gives claimed users back with the time of whoever comes last": [
    brokenStore((store) => ({
      async finishDue(outcomes) {
        await store.finishDue(outcomes.map((outcome) => ({ ...outcome, due: undefined })));
        for (const { userId } of outcomes) await claimAndForget(store, userId);
        await store.finishDue(outcomes);
      },
    })),
    "a user who became due earlier during a claim stays so when he is given back with a later time",
  ],
  "gives nobody back": [brokenStore(() => ({ async finishDue() {} })), "a finished claim without a due time is not due again"],
  "tells no lag": [
    brokenStore((store) => ({ claimDue: async (limit) => ({ ...(await store.claimDue(limit)), lagMs: 0 }) })),
    "a claim tells how late the oldest entry is",
  ],
  "renews lapsed leases": [
    renewsWith((record, now) => {
      if (record.devices.every(({ leaseUntil }) => leaseUntil > now)) return record;
      return { ...record, devices: record.devices.map((device) => ({ ...device, leaseUntil: latest(device.leaseUntil, after(now, 1)) })) };
    }),
    "a renewal is declined where the device lapsed",
  ],
  "renews idle devices": [
    renewsWith((record, now) => {
      if (record.devices.every(({ activeUntil }) => activeUntil > now)) return record;
      return {
        ...record,
        devices: record.devices.map((device) => ({ ...device, activeUntil: latest(device.activeUntil, after(now, 1)) })),
      };
    }),
    "a renewal is declined where the device is idle and reports activity",
  ],
  "renews for every stream": [
    brokenStore((store) => ({ renew: (renewals) => store.renew(renewals.map((renewal) => ({ ...renewal, holder: undefined }))) })),
    "a renewal is declined where another stream holds the device",
  ],
  "renews without a session": [
    brokenStore((store, harness) => ({
      async renew(renewals) {
        const missing = [];
        for (const { userId } of renewals) {
          const { status } = (await store.load([userId])).entries[0] ?? unknownRecord;
          if ((await harness.readSession(userId)) !== undefined) continue;
          missing.push(userId);
          await harness.putSession(userId, { status });
        }
        const result = await store.renew(renewals);
        for (const userId of missing) await harness.deleteSession(userId);
        return result;
      },
    })),
    "a renewal is declined where the session hash of a bound user is missing",
  ],
  "renews activity of its own accord": [
    brokenStore((store) => ({
      renew: (renewals) => store.renew(renewals.map((renewal) => ({ ...renewal, activeForMs: renewal.activeForMs ?? renewal.leaseForMs }))),
    })),
    "an idle device is renewed where activity is left alone",
  ],
  "renews nothing": [
    brokenStore((store) => ({
      async renew(renewals) {
        const { moment, entries } = await store.loadForChange(renewals.map(({ userId }) => userId));
        return { moment, entries: entries.map((entry) => ({ ...entry, renewed: false })) };
      },
    })),
    "a stream renews what it holds",
  ],
  "renews without moving the revision": [
    brokenStore((store) => ({
      async renew(renewals) {
        const { moment, entries } = await store.renew(renewals);
        return {
          moment,
          entries: entries.map((entry) =>
            entry.renewed ? { ...entry, record: { ...entry.record, revision: entry.record.revision - 1 } } : entry,
          ),
        };
      },
    })),
    "a renewal moves lease, last sign of life and revision of its device, and nothing else",
  ],
  "scans the first page only": [
    brokenStore((store) => ({ scan: async (cursor, limit) => ({ ...(await store.scan(cursor, limit)), next: undefined }) })),
    "a scan by 7 sees every user with his record",
  ],
  "scans any token": [
    brokenStore((store) => ({
      scan: (cursor, limit) =>
        store.scan(cursor, limit).catch((error: unknown) => {
          if (error instanceof PresenceError && error.code === "INVALID_ARGUMENT") return store.scan(undefined, limit);
          throw error;
        }),
    })),
    'a token that no scan gave is an invalid argument: "no token"',
  ],
  "scans more than it was asked for": [
    brokenStore((store) => ({ scan: (cursor, limit) => store.scan(cursor, limit + 1) })),
    "a scan by 7 sees every user with his record",
  ],
  "knows no window": [
    brokenStore((store) => ({
      async claimDue(limit) {
        const claim = await store.claimDue(limit);
        return { ...claim, moment: { ...claim.moment, window: undefined } };
      },
    })),
    "a pause longer than the gap opens a window from the gap's end until a lease from now",
  ],
  "has a clock that runs backwards": [
    brokenStore((store) => {
      let calls = 0;
      return {
        async load(userIds) {
          const { moment, entries } = await store.load(userIds);
          calls++;
          return { moment: { ...moment, now: (moment.now - calls) as typeof moment.now }, entries };
        },
      };
    }),
    "the time of answers never runs backwards",
  ],
};
