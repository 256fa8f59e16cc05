import { after } from "../time.ts";
import { assertEqual } from "./assertions.ts";
import { aCommit, alice, aRecord, longMs } from "./builders.ts";
import type { ContractRule } from "./harness.ts";
import { rule } from "./rule.ts";
import { put, recordOf, tryCommits } from "./steps.ts";

/** What keeps the due index whole. */
export const repairRules: readonly ContractRule[] = [
  rule("a user who is armed is due then, whatever the index had lost", async (harness) => {
    await put(
      harness,
      alice,
      (now) => aRecord(now),
      (now) => ({ due: after(now, longMs) }),
    );
    await harness.loseDueEntries?.();
    await harness.store.armDue([{ userId: alice, due: await harness.now(), keepForMs: undefined }]);
    await harness.advance(harness.toleranceMs);
    assertEqual((await harness.store.claimDue(10)).userIds, [alice], "who is due");
  }),

  rule("arming makes nobody due later", async (harness) => {
    await tryCommits(harness, (now) => [aCommit(alice, aRecord(now), now, { due: now })]);
    await harness.store.armDue([{ userId: alice, due: after(await harness.now(), longMs), keepForMs: undefined }]);
    assertEqual((await harness.store.claimDue(10)).userIds, [alice], "who is due");
  }),

  rule("arming a user who is held takes him from nobody", async (harness) => {
    await tryCommits(harness, (now) => [aCommit(alice, aRecord(now), now, { due: now })]);
    assertEqual((await harness.store.claimDue(10)).userIds, [alice], "who is due");
    const now = await harness.now();
    await harness.store.armDue([{ userId: alice, due: now, keepForMs: undefined }]);
    assertEqual((await harness.peer.claimDue(10)).userIds, [], "who is due while alice is held");
    await harness.store.finishDue([{ userId: alice, due: undefined, keepForMs: undefined }]);
    assertEqual((await harness.peer.claimDue(10)).userIds, [alice], "who is due afterwards: armed meanwhile");
  }),

  rule("arming keeps a record that would be forgotten", async (harness) => {
    await put(
      harness,
      alice,
      (now) => aRecord(now),
      () => ({ keepForMs: 200 }),
    );
    await harness.store.armDue([{ userId: alice, due: undefined, keepForMs: 60_000 }]);
    await harness.advance(250);
    assertEqual((await recordOf(harness.store, alice)).revision, 1, "the revision of the record, which is still there");
  }),

  rule("one server leads a task at a time, and another one when its time is over", async ({ store, peer, advance, toleranceMs }) => {
    assertEqual(await store.lead("a task", 300), true, "the first who asks");
    assertEqual(await store.lead("a task", 300), true, "who leads already");
    assertEqual(await store.lead("another task", 300), true, "another task");
    if (peer === store) return;
    assertEqual(await peer.lead("a task", 300), false, "somebody else");
    await advance(300 + toleranceMs);
    assertEqual(await peer.lead("a task", 300), true, "somebody else, afterwards");
    assertEqual(await store.lead("a task", 300), false, "who has led before");
  }),
];
