import type { CommitResult } from "../ports.ts";
import type { PresenceRecord } from "../record.ts";
import { longAgo, never } from "../time.ts";
import { assert, assertEqual } from "./assertions.ts";
import { aCommit, aDevice, alice, anEvent, aRecord, aRenewal, desktop, login, longMs, phone } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { entryOf, nextRecord, putWithSession, readable, recordOf, renewOne } from "./steps.ts";

/** So often a race is run: most interleavings of two servers turn up. */
const rounds = 25;

/** One commit from each of two servers, both decided on `record`. The results, and the records that they were to write. */
async function duel(harness: Harness, record: PresenceRecord, session: boolean) {
  const { now } = (await harness.store.load([alice])).moment;
  const nexts = [nextRecord(record, now, "DND"), nextRecord(record, now, "AWAY")] as const;
  const commits = nexts.map((next) => aCommit(alice, next, now, { session, event: anEvent(alice, next) }));
  const servers = [harness.store, harness.peer];
  const results = await Promise.all(
    commits.map(
      async (commit, index): Promise<CommitResult | undefined> => readable(await (servers[index] ?? harness.store).commit([commit]))[0],
    ),
  );
  return { results, nexts };
}

/** What must hold when several servers act at once. */
export const raceRules: readonly ContractRule[] = [
  rule("of two commits on one revision exactly one wins, and its event alone is told", async (harness) => {
    let { record } = await putWithSession(harness);
    const recorder = await harness.recordEvents([alice]);
    const told: unknown[] = [];
    for (let round = 0; round < rounds; round++) {
      const { results, nexts } = await duel(harness, record, true);
      if (results.every((result) => result === "stale")) continue;
      assertEqual(results.filter((result) => result === "committed").length, 1, `winners of round ${round} (${results.join(", ")})`);
      const winner = nexts[results.indexOf("committed")];
      assert(winner !== undefined, "there is a winner");
      const stored = await recordOf(harness.store, alice);
      assertEqual(stored, winner, "the record after the race");
      assertEqual((await harness.readSession(alice))?.fields.status, winner.status, "the session's status after the race");
      told.push(anEvent(alice, winner));
      record = winner;
    }
    assertEqual(await recorder.heard(), told, "events");
  }),

  rule("of two first commits exactly one wins", async (harness) => {
    const { results, nexts } = await duel(harness, { ...aRecord(longAgo), revision: 0 }, false);
    assertEqual(results.filter((result) => result === "committed").length, 1, `winners (${results.join(", ")})`);
    assertEqual(await recordOf(harness.store, alice), nexts[results.indexOf("committed")], "the record");
  }),

  rule("a commit against the end of the session creates no session hash", async (harness) => {
    let { record } = await putWithSession(harness);
    for (let round = 0; round < rounds; round++) {
      await harness.putSession(alice, login);
      const { now } = (await harness.store.load([alice])).moment;
      const next = nextRecord(record, now);
      const commit = async () => (await harness.store.commit([aCommit(alice, next, now, { session: true })]))[0];
      const [result] = await Promise.all(
        round % 2 === 0 ? [commit(), harness.deleteSession(alice)] : [harness.deleteSession(alice).then(commit)],
      );
      assertEqual(await harness.readSession(alice), undefined, `the session hash after it was deleted (round ${round}: ${result})`);
      record = await recordOf(harness.store, alice);
      assertEqual(record.revision, result === "committed" ? next.revision : next.revision - 1, `the revision (round ${round}: ${result})`);
    }
  }),

  rule("a renewal against the end of the session creates no session hash", async (harness) => {
    await putWithSession(harness);
    for (let round = 0; round < rounds; round++) {
      await harness.putSession(alice, { ...login, status: "ONLINE" });
      await Promise.all([harness.store.renew([aRenewal(alice, { leaseForMs: 2 * longMs + round })]), harness.deleteSession(alice)]);
      assertEqual(await harness.readSession(alice), undefined, `the session hash after it was deleted (round ${round})`);
    }
  }),

  rule("a first commit against a login is not blind to the session", async (harness) => {
    for (let round = 0; round < rounds; round++) {
      await harness.deleteSession(alice);
      const { record } = await entryOf(harness.store, alice);
      const { now } = (await harness.store.load([alice])).moment;
      const next = aRecord(now, { revision: record.revision + 1 });
      const [results] = await Promise.all([harness.store.commit([aCommit(alice, next, now)]), harness.putSession(alice, login)]);
      // Whoever came second knows it: a commit after the login is refused, a login after the commit has no status yet.
      assertEqual((await harness.readSession(alice))?.fields, login, `the session hash (round ${round}: ${results[0]})`);
    }
  }),

  rule("a renewal and a commit at once lose neither", async (harness) => {
    await putWithSession(harness);
    for (let round = 0; round < rounds; round++) {
      const { record, session } = await entryOf(harness.store, alice);
      const { now } = (await harness.store.load([alice])).moment;
      const text = `round ${round}`;
      const next: PresenceRecord = {
        ...record,
        revision: record.revision + 1,
        version: record.version + 1,
        message: { text, until: never },
      };
      const [results, renewal] = await Promise.all([
        harness.store.commit([aCommit(alice, next, now, { session })]),
        renewOne(harness.peer, aRenewal(alice, { leaseForMs: 2 * longMs + round * 1_000 })),
      ]);
      const after = await recordOf(harness.store, alice);
      assert(renewal.renewed, `the renewal of round ${round} is granted before the commit or after it`);
      const lease = renewal.record.devices[0]?.leaseUntil;
      assertEqual(after.devices[0]?.leaseUntil, lease, `the lease after round ${round} (${results[0]})`);
      if (results[0] === "committed") assertEqual(after.message?.text, text, `the message after round ${round}`);
      else assert(after.message?.text !== text, `a refused commit wrote its message in round ${round}`);
      assert(after.revision > record.revision, "the revision moved");
    }
  }),

  rule("renewals of two devices at once are both kept", async (harness) => {
    await putWithSession(harness, (now) => aRecord(now, { devices: [aDevice(now), aDevice(now, { id: desktop })] }));
    for (let round = 0; round < rounds; round++) {
      const leaseForMs = 2 * longMs + round * 1_000;
      const [first, second] = await Promise.all([
        renewOne(harness.store, aRenewal(alice, { leaseForMs })),
        renewOne(harness.peer, aRenewal(alice, { deviceId: desktop, leaseForMs })),
      ]);
      assertEqual([first.renewed, second.renewed], [true, true], `renewed in round ${round}`);
      const leaseOf = (record: PresenceRecord, id: string) => record.devices.find((device) => device.id === id)?.leaseUntil;
      const { devices } = await recordOf(harness.store, alice);
      const expected = [leaseOf(first.record, phone), leaseOf(second.record, desktop)];
      assertEqual(
        devices.map(({ leaseUntil }) => leaseUntil),
        expected,
        `leases after round ${round}`,
      );
    }
  }),
];
