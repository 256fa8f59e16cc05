import { watchGapMs } from "../policy.ts";
import type { Presence } from "../presence.ts";
import { after } from "../time.ts";
import { assertEqual } from "./assertions.ts";
import { aCommit, alice, anEvent, aRecord, bob, carol } from "./builders.ts";
import type { ContractRule } from "./harness.ts";
import { rule } from "./rule.ts";
import { put, tryCommits } from "./steps.ts";

/** A change is told when its commit wins, and only then. */
export const eventRules: readonly ContractRule[] = [
  rule("a commit publishes its event once, as it is", async (harness) => {
    const recorder = await harness.recordEvents([alice]);
    const { event } = await put(
      harness,
      alice,
      (now) => aRecord(now),
      (now) => ({ event: anEvent(alice, aRecord(now)) }),
    );
    assertEqual(await recorder.heard(), [event], "events");
  }),

  rule("an event keeps every field", async (harness) => {
    const recorder = await harness.recordEvents([alice]);
    const { now } = (await harness.store.load([alice])).moment;
    const events: readonly Presence[] = [
      { userId: alice, status: "OFFLINE", since: undefined, lastSeen: undefined, message: "", version: 0 },
      { userId: alice, status: "OFFLINE", since: after(now, -5), lastSeen: after(now, -7), message: "", version: 7 },
      {
        userId: alice,
        status: "DND",
        since: now,
        lastSeen: undefined,
        message: '  "größe" 日本語 👩‍👩‍👧 \\n ',
        version: Number.MAX_SAFE_INTEGER,
      },
    ];
    for (const [index, event] of events.entries())
      await put(
        harness,
        alice,
        (at) => aRecord(at, { revision: index + 1 }),
        () => ({ event }),
      );
    assertEqual(await recorder.heard(), events, "events");
  }),

  rule("a commit without an event publishes nothing", async (harness) => {
    const recorder = await harness.recordEvents([alice]);
    await put(harness, alice, (now) => aRecord(now));
    assertEqual(await recorder.heard(), [], "events");
  }),

  rule("a commit that loses publishes nothing", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    const recorder = await harness.recordEvents([alice]);
    const results = await tryCommits(harness, (now) => [aCommit(alice, aRecord(now), now, { event: anEvent(alice, aRecord(now)) })]);
    assertEqual([results, await recorder.heard()], [["conflict"], []], "result and events");
  }),

  rule("a commit that comes too late publishes nothing", async (harness) => {
    const recorder = await harness.recordEvents([alice]);
    const { now } = (await harness.store.load([alice])).moment;
    await harness.advance(watchGapMs(harness.policy) + harness.toleranceMs + 1);
    const results = await harness.store.commit([aCommit(alice, aRecord(now), now, { event: anEvent(alice, aRecord(now)) })]);
    assertEqual([results, await recorder.heard()], [["stale"], []], "result and events");
  }),

  rule("of a batch the events of the commits that won are told, to those who follow these users", async (harness) => {
    await put(harness, bob, (now) => aRecord(now));
    const recorder = await harness.recordEvents([alice, bob]);
    const other = await harness.recordEvents([carol]);
    let expected: readonly Presence[] = [];
    await tryCommits(harness, (now) => {
      expected = [alice, bob, carol].map((userId) => anEvent(userId, aRecord(now)));
      return expected.map((event) => aCommit(event.userId, aRecord(now), now, { event }));
    });
    assertEqual(await recorder.heard(), expected.slice(0, 1), "events of alice and bob");
    assertEqual(await other.heard(), expected.slice(2), "events of carol");
  }),

  rule("events of one user come in the order of his commits, whoever commits", async (harness) => {
    const recorder = await harness.recordEvents([alice]);
    const versions: number[] = [];
    for (let revision = 1; revision <= 20; revision++) {
      const store = revision % 2 === 0 ? harness.store : harness.peer;
      await tryCommits(
        harness,
        (now) => {
          const record = aRecord(now, { revision, version: revision });
          return [aCommit(alice, record, now, { event: anEvent(alice, record) })];
        },
        store,
      );
      versions.push(revision);
    }
    assertEqual(
      (await recorder.heard()).map(({ version }) => version),
      versions,
      "versions",
    );
  }),
];
