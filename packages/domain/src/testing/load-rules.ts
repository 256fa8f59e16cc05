import { unknownRecord } from "../record.ts";
import { longAgo, type Millis } from "../time.ts";
import { assert, assertBetween, assertEqual } from "./assertions.ts";
import { aCommit, alice, aRecord, aRenewal, bob, carol, login, users } from "./builders.ts";
import { rule } from "./rule.ts";
import { entriesOf, put, tryCommits } from "./steps.ts";

/** What answers look like. */
export const loadRules = [
  rule("users never seen have the unknown record", async ({ store }) => {
    assertEqual(await entriesOf(store.load([alice, bob])), [unknownRecord, unknownRecord], "load");
    const unknown = { record: unknownRecord, session: false };
    assertEqual(await entriesOf(store.loadForChange([alice, bob])), [unknown, unknown], "loadForChange");
  }),

  rule("records come in the order asked for, and twice where asked twice", async (harness) => {
    const { record: first } = await put(harness, alice, (now) => aRecord(now));
    const { record: third } = await put(harness, carol, (now) => aRecord(now, { status: "DND" }));
    const asked = [carol, bob, alice, carol];
    const expected = [third, unknownRecord, first, third];
    assertEqual(await entriesOf(harness.store.load(asked)), expected, "load");
    assertEqual(
      (await entriesOf(harness.store.loadForChange(asked))).map(({ record }) => record),
      expected,
      "loadForChange",
    );
  }),

  rule("a thousand records come in one answer", async (harness) => {
    const many = users(1_000);
    await tryCommits(harness, (now) => many.filter((_, index) => index % 3 === 0).map((userId) => aCommit(userId, aRecord(now), now)));
    const entries = await entriesOf(harness.store.load(many));
    assertEqual(
      entries.map(({ revision }) => revision),
      many.map((_, index) => (index % 3 === 0 ? 1 : 0)),
      "revisions",
    );
  }),

  rule("asking for nobody answers nobody", async ({ store }) => {
    assertEqual(await entriesOf(store.load([])), [], "load");
    assertEqual(await entriesOf(store.loadForChange([])), [], "loadForChange");
    assertEqual(await store.commit([]), [], "commit");
    assertEqual(await entriesOf(store.renew([])), [], "renew");
    await store.finishDue([]);
  }),

  rule("a decision knows whether a session hash stands beside the record", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await harness.putSession(bob, login);
    const sessions = async () => (await entriesOf(harness.store.loadForChange([alice, bob, carol]))).map(({ session }) => session);
    assertEqual(await sessions(), [false, true, false], "before the login");
    await harness.putSession(alice, login);
    await harness.deleteSession(bob);
    assertEqual(await sessions(), [true, false, false], "after the login");
  }),

  rule("a session hash that expired is none", async (harness) => {
    await harness.putSession(alice, login, 30);
    await harness.advance(40);
    assertEqual(
      (await entriesOf(harness.store.loadForChange([alice]))).map(({ session }) => session),
      [false],
      "sessions",
    );
  }),

  rule("every server reads what another one committed", async (harness) => {
    const { record } = await put(harness, alice, (now) => aRecord(now));
    assertEqual(await entriesOf(harness.peer.load([alice])), [record], "the peer's record");
  }),

  rule("an answer tells the store's time", async (harness) => {
    const before = await harness.now();
    const { moment } = await harness.store.load([alice]);
    assertBetween(moment.now, before - harness.toleranceMs, await harness.now(), "moment.now");
    assertEqual(moment.blindUntil, longAgo, "moment.blindUntil");
  }),

  rule("the time of answers never runs backwards", async (harness) => {
    const { store } = harness;
    let last = 0 as Millis;
    const check = (now: Millis, what: string) => {
      assert(now >= last, `${what} answered at ${now} after an answer at ${last}`);
      last = now;
    };
    for (let round = 0; round < 10; round++) {
      check((await store.load([alice])).moment.now, "load");
      check((await store.claimDue(1)).moment.now, "claimDue");
      check((await store.loadForChange([alice])).moment.now, "loadForChange");
      check((await store.renew([aRenewal(alice)])).moment.now, "renew");
      check((await store.scan(undefined, 10)).moment.now, "scan");
      await harness.advance(round % 3);
    }
  }),
];
