import type { UserId } from "../ids.ts";
import type { DueOutcome } from "../ports.ts";
import { after, type Millis } from "../time.ts";
import { assert, assertBetween, assertEqual } from "./assertions.ts";
import { aCommit, alice, aRecord, aRenewal, bob, longMs, users } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { claimAll, entriesOf, put, putWithSession, tryCommits } from "./steps.ts";

/** Long enough that a slow machine does not miss that somebody is not due yet. */
const soonMs = 150;

/** Writes alice's next record with a due time. */
async function putDue(harness: Harness, revision: number, due: (now: Millis) => Millis | undefined): Promise<void> {
  await put(
    harness,
    alice,
    (now) => aRecord(now, { revision }),
    (now) => ({ due: due(now) }),
  );
}

function outcome(userId: UserId, due: Millis | undefined): DueOutcome {
  return { userId, due, keepForMs: undefined };
}

/** Claims alice, who must be due. */
async function claimAlice(harness: Harness, what: string): Promise<void> {
  assertEqual((await harness.store.claimDue(10)).userIds, [alice], what);
}

async function claimNobody(harness: Harness, what: string): Promise<void> {
  for (const store of [harness.store, harness.peer]) assertEqual((await store.claimDue(10)).userIds, [], what);
}

/** Who must be looked at, when, and by whom. */
export const dueRules: readonly ContractRule[] = [
  rule("a user is claimed when he is due, and not before", async (harness) => {
    await putDue(harness, 1, (now) => after(now, soonMs));
    await claimNobody(harness, "who is due before the time");
    await harness.advance(soonMs + harness.toleranceMs);
    await claimAlice(harness, "who is due at the time");
  }),

  rule("a user without a due time is never claimed", async (harness) => {
    await putDue(harness, 1, () => undefined);
    await harness.advance(soonMs);
    await claimNobody(harness, "who is due");
  }),

  rule("a claimed user is held by one caller", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await claimNobody(harness, "who is due while alice is held");
  }),

  rule("several servers that claim at once share the users among them", async (harness) => {
    const many = users(100);
    await tryCommits(harness, (now) => many.map((userId) => aCommit(userId, aRecord(now), now, { due: now })));
    const stores = [harness.store, harness.peer, harness.store, harness.peer];
    const claims = await Promise.all(stores.map((store) => claimAll(store, 7, many.length)));
    assertEqual(claims.flat().sort(), [...many].sort(), "who was claimed by anyone");
  }),

  rule("a claim takes no more than it asks for, and leaves the rest to the next", async (harness) => {
    const many = users(20);
    await tryCommits(harness, (now) => many.map((userId) => aCommit(userId, aRecord(now), now, { due: now })));
    assertEqual((await harness.store.claimDue(0)).userIds, [], "a claim of nobody");
    assertEqual([...(await claimAll(harness.store, 3, many.length))].sort(), [...many].sort(), "who was claimed three by three");
  }),

  rule("a claim that is not finished is due again after its time-out", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await harness.advance(harness.claimTimeoutMs + harness.toleranceMs + 1);
    assertEqual((await harness.peer.claimDue(10)).userIds, [alice], "who is due after the time-out");
  }),

  rule("a finished claim without a due time is not due again", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await harness.store.finishDue([outcome(alice, undefined)]);
    await harness.advance(harness.claimTimeoutMs + harness.toleranceMs + 1);
    await claimNobody(harness, "who is due after the time-out");
  }),

  rule("a finished claim is due again at the time it was given back with", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await harness.store.finishDue([outcome(alice, after(await harness.now(), soonMs))]);
    await claimNobody(harness, "who is due before that time");
    await harness.advance(soonMs + harness.toleranceMs);
    await claimAlice(harness, "who is due at that time");
  }),

  rule("users are given back each for himself", async (harness) => {
    await tryCommits(harness, (now) => [alice, bob].map((userId) => aCommit(userId, aRecord(now), now, { due: now })));
    assertEqual([...(await harness.store.claimDue(10)).userIds].sort(), [alice, bob], "who is due");
    const now = await harness.now();
    await harness.store.finishDue([outcome(alice, after(now, longMs)), outcome(bob, now)]);
    await harness.advance(harness.toleranceMs);
    assertEqual((await harness.store.claimDue(10)).userIds, [bob], "who is due again");
  }),

  rule("a commit makes a due time earlier", async (harness) => {
    await putDue(harness, 1, (now) => after(now, longMs));
    await putDue(harness, 2, (now) => now);
    await claimAlice(harness, "who is due");
  }),

  rule("a commit never makes a due time later", async (harness) => {
    await putDue(harness, 1, (now) => after(now, 5));
    await putDue(harness, 2, (now) => after(now, longMs));
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due");
  }),

  rule("a commit without a due time leaves the entry that is there", async (harness) => {
    await putDue(harness, 1, (now) => after(now, 5));
    await putDue(harness, 2, () => undefined);
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due");
  }),

  // A store may leave the hint of a refused commit behind, one look too many; it must never lose one.
  rule("a refused commit makes no due time later", async (harness) => {
    await putDue(harness, 1, (now) => after(now, 5));
    const results = await tryCommits(harness, (now) => [aCommit(alice, aRecord(now), now, { due: after(now, longMs) })]);
    assertEqual(results, ["conflict"], "the commit");
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due");
  }),

  rule("a renewal leaves the due time alone", async (harness) => {
    const { record } = await putWithSession(harness);
    const session = true;
    await put(
      harness,
      alice,
      () => ({ ...record, revision: 2 }),
      (now) => ({ due: after(now, 5), session }),
    );
    const entries = await entriesOf(harness.store.renew([aRenewal(alice)]));
    assertEqual(
      entries.map(({ renewed }) => renewed),
      [true],
      "renewed",
    );
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due");
  }),

  rule("a user who became due earlier during a claim stays so when he is given back with a later time", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await putDue(harness, 2, (now) => after(now, 5));
    await harness.store.finishDue([outcome(alice, after(await harness.now(), longMs))]);
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due at the earlier time");
  }),

  rule("a user who became due during a claim stays so when he is given back with none", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await putDue(harness, 2, (now) => after(now, 5));
    await harness.store.finishDue([outcome(alice, undefined)]);
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due");
  }),

  rule("a user who became due later during a claim is given back with the earlier time", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await putDue(harness, 2, (now) => after(now, longMs));
    await harness.store.finishDue([outcome(alice, after(await harness.now(), 5))]);
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due at the earlier time");
  }),

  rule("who finishes after his time-out loses nothing", async (harness) => {
    await putDue(harness, 1, (now) => now);
    await claimAlice(harness, "who is due");
    await harness.advance(harness.claimTimeoutMs + harness.toleranceMs + 1);
    assertEqual((await harness.peer.claimDue(10)).userIds, [alice], "who is due after the time-out");
    const now = await harness.now();
    await harness.store.finishDue([outcome(alice, after(now, 5))]);
    await harness.peer.finishDue([outcome(alice, after(now, longMs))]);
    await harness.advance(5 + harness.toleranceMs);
    await claimAlice(harness, "who is due at the earlier of both times");
  }),

  rule("a claim tells how late the oldest entry is", async (harness) => {
    assertEqual((await harness.store.claimDue(10)).lagMs, 0, "the lag where nobody is due");
    await putDue(harness, 1, (now) => after(now, longMs));
    assertEqual((await harness.store.claimDue(10)).lagMs, 0, "the lag where nobody is due yet");
    let due: Millis | undefined;
    await putDue(harness, 2, (now) => {
      due = now;
      return due;
    });
    await harness.advance(40);
    const { lagMs, userIds } = await harness.store.claimDue(10);
    assert(due !== undefined, "alice has a due time");
    assertEqual(userIds, [alice], "who is due");
    assertBetween(lagMs, 40 - harness.toleranceMs, (await harness.now()) - due, "the lag");
  }),
];
