import { watchGapMs } from "../policy.ts";
import { unknownRecord } from "../record.ts";
import { after, never } from "../time.ts";
import { assertEqual } from "./assertions.ts";
import { aCommit, alice, anEvent, aRecord, aRenewal, bob, carol, login, longMs } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { assertUntouched, entriesOf, nextRecord, put, putWithSession, recordOf, renewOne, tryCommits } from "./steps.ts";

/** A commit of alice's that must be refused, with everything in it that could leave a trace. */
async function refused(
  harness: Harness,
  expectedRevision: number,
  session: boolean,
  result: "conflict" | "stale",
  ageMs = 0,
  staleAfterMs?: number,
): Promise<void> {
  const record = await recordOf(harness.store, alice);
  const hash = await harness.readSession(alice);
  const recorder = await harness.recordEvents([alice]);
  const attempt = async () => {
    const now = (await harness.store.load([alice])).moment.now;
    if (ageMs > 0) await harness.advance(ageMs);
    const next = { ...nextRecord(record, now), revision: expectedRevision + 1 };
    const staleFrom = staleAfterMs === undefined ? never : after(now, staleAfterMs);
    const rest = { expectedRevision, session, due: now, event: anEvent(alice, next), staleFrom };
    return harness.store.commit([aCommit(alice, next, now, rest)]);
  };
  let results = await attempt();
  // A machine that stalled between the two steps makes anything stale.
  for (let again = 0; result === "conflict" && results[0] === "stale" && again < 10; again++) results = await attempt();
  assertEqual(results, [result], "the commit");
  await assertUntouched(harness, record, hash, `after a ${result}`);
  assertEqual(await recorder.heard(), [], `events after a ${result}`);
}

/** A session hash that differs from what a commit would write in every way that it could. */
async function putOldSession(harness: Harness): Promise<void> {
  await harness.putSession(alice, { ...login, status: "AWAY" });
}

/** Compare-and-set, and what a refused commit leaves: nothing that others see. */
export const commitRules: readonly ContractRule[] = [
  rule("a commit on an older revision is a conflict and writes nothing", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await put(harness, alice, (now) => aRecord(now, { revision: 2 }));
    await putOldSession(harness);
    await refused(harness, 1, true, "conflict");
  }),

  rule("a commit on a revision that is not there yet is a conflict and writes nothing", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await refused(harness, 2, false, "conflict");
  }),

  rule("a first commit where a record exists is a conflict and writes nothing", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await refused(harness, 0, false, "conflict");
  }),

  rule("a commit on a record that does not exist is a conflict and writes nothing", async (harness) => {
    await refused(harness, 1, false, "conflict");
  }),

  rule("a commit that expects a session hash is a conflict where it is gone, and creates none", async (harness) => {
    await putWithSession(harness);
    await harness.deleteSession(alice);
    await refused(harness, 1, true, "conflict");
  }),

  rule("a commit that expects a session hash is a conflict where it expired", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await harness.putSession(alice, login, 30);
    await harness.advance(40);
    await refused(harness, 1, true, "conflict");
  }),

  rule("a commit that expects no session hash is a conflict where there is one", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await putOldSession(harness);
    await refused(harness, 1, false, "conflict");
  }),

  rule("a commit that was decided longer than a gap ago is stale and writes nothing", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await putOldSession(harness);
    await refused(harness, 1, true, "stale", watchGapMs(harness.policy) + harness.toleranceMs + 1);
  }),

  rule("a commit is stale once time alone has changed what it was decided on, and writes nothing", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await putOldSession(harness);
    await refused(harness, 1, true, "stale", 20, 10);
  }),

  rule("each commit of a batch stands for itself, and results come in order", async (harness) => {
    await put(harness, bob, (now) => aRecord(now));
    const results = await tryCommits(harness, (now) =>
      [alice, bob, carol].map((userId) => aCommit(userId, aRecord(now, { status: "DND" }), now)),
    );
    assertEqual(results, ["committed", "conflict", "committed"], "results");
    const entries = await entriesOf(harness.store.load([alice, bob, carol]));
    assertEqual(
      entries.map(({ status }) => status),
      ["DND", "ONLINE", "DND"],
      "statuses",
    );
  }),

  rule("two commits for one user in a batch are taken in order", async (harness) => {
    const results = await tryCommits(harness, (now) => {
      const first = aRecord(now);
      return [aCommit(alice, first, now), aCommit(alice, nextRecord(first, now), now), aCommit(alice, nextRecord(first, now, "AWAY"), now)];
    });
    assertEqual(results, ["committed", "committed", "conflict"], "results");
    assertEqual((await recordOf(harness.store, alice)).status, "DND", "the status");
  }),

  rule("a record is forgotten when its time is over, and a new one can be written", async (harness) => {
    await put(
      harness,
      alice,
      (now) => aRecord(now, { claim: { status: "DND", until: never } }),
      () => ({ keepForMs: 40 }),
    );
    await harness.advance(50);
    assertEqual(await recordOf(harness.store, alice), unknownRecord, "the record after its time");
    const renewed = await renewOne(harness.store, aRenewal(alice));
    assertEqual(
      { renewed: renewed.renewed, record: renewed.record },
      { renewed: false, record: unknownRecord },
      "a renewal after its time",
    );
    await put(harness, alice, (now) => aRecord(now));
  }),

  rule("a commit keeps a record for its own time, longer or shorter than before", async (harness) => {
    await put(
      harness,
      alice,
      (now) => aRecord(now),
      () => ({ keepForMs: 300 }),
    );
    await put(
      harness,
      alice,
      (now) => aRecord(now, { revision: 2 }),
      () => ({ keepForMs: longMs }),
    );
    await put(
      harness,
      bob,
      (now) => aRecord(now),
      () => ({ keepForMs: longMs }),
    );
    await put(
      harness,
      bob,
      (now) => aRecord(now, { revision: 2 }),
      () => ({ keepForMs: 300 }),
    );
    await harness.advance(310);
    const entries = await entriesOf(harness.store.load([alice, bob]));
    assertEqual(
      entries.map(({ revision }) => revision),
      [2, 0],
      "revisions of the one kept longer and the one kept shorter",
    );
  }),

  rule("giving a claimed user back keeps his record longer where that is asked for, and only there", async (harness) => {
    for (const userId of [alice, bob])
      await put(
        harness,
        userId,
        (now) => aRecord(now),
        (now) => ({ keepForMs: 400, due: now }),
      );
    assertEqual([...(await harness.store.claimDue(10)).userIds].sort(), [alice, bob], "who is due");
    await harness.store.finishDue([
      { userId: alice, due: undefined, keepForMs: longMs },
      { userId: bob, due: undefined, keepForMs: undefined },
    ]);
    await harness.advance(410);
    const entries = await entriesOf(harness.store.load([alice, bob]));
    assertEqual(
      entries.map(({ revision }) => revision),
      [1, 0],
      "revisions of the one re-armed and the other",
    );
  }),

  rule("giving a claimed user back brings no forgotten record to life", async (harness) => {
    await put(
      harness,
      alice,
      (now) => aRecord(now),
      (now) => ({ keepForMs: 30, due: now }),
    );
    await harness.store.claimDue(10);
    await harness.advance(40);
    const later = after(await harness.now(), longMs);
    await harness.store.finishDue([{ userId: alice, due: later, keepForMs: longMs }]);
    assertEqual(await recordOf(harness.store, alice), unknownRecord, "the record");
  }),
];
