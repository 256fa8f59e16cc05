import { watchGapMs } from "../policy.ts";
import { longAgo } from "../time.ts";
import type { Moment, Window } from "../watched-time.ts";
import { AssertionError, assert, assertBetween, assertEqual } from "./assertions.ts";
import { alice } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { sweepThrough } from "./steps.ts";

/** A sweep, a pause of everyone that is longer than the gap, and a sweep. */
async function pause(harness: Harness, extraMs = 1): Promise<{ readonly before: Moment; readonly after: Moment; readonly window: Window }> {
  const { moment: before } = await harness.store.claimDue(10);
  await harness.advance(watchGapMs(harness.policy) + harness.toleranceMs + extraMs);
  const { moment: after } = await harness.store.claimDue(10);
  assert(after.window !== undefined, "a pause longer than the gap opens a window");
  return { before, after, window: after.window };
}

/** Who watched when: the store's clock tells silence from our own absence. */
export const clockRules: readonly ContractRule[] = [
  rule("a first start opens no window", async (harness) => {
    for (const { moment } of [await harness.store.load([alice]), await harness.store.claimDue(10)]) {
      assertEqual([moment.window, moment.blindUntil], [undefined, longAgo], "window and blindUntil");
    }
  }),

  rule("sweeps within the gap open no window", async (harness) => {
    const gapMs = watchGapMs(harness.policy);
    for (let attempt = 0; attempt < 5; attempt++) {
      let last = (await harness.store.claimDue(10)).moment;
      const first = last;
      let longest = 0;
      for (let sweep = 0; sweep < 6; sweep++) {
        await harness.advance(Math.floor(gapMs / 3));
        const { moment } = await harness.store.claimDue(10);
        longest = Math.max(longest, moment.now - last.now);
        last = moment;
      }
      if (longest <= gapMs) return assertEqual(last.window, first.window, "the window");
    }
    throw new AssertionError("the machine is too slow to sweep within the gap: choose a longer lease");
  }),

  rule("a pause longer than the gap opens a window from the gap's end until a lease from now", async (harness) => {
    const { before, after, window } = await pause(harness);
    const gapMs = watchGapMs(harness.policy);
    assertBetween(window.from, before.now + gapMs - harness.toleranceMs, before.now + gapMs + harness.toleranceMs, "from");
    const until = after.now + harness.policy.leaseTtlMs;
    assertBetween(window.until, until - harness.toleranceMs, until + harness.toleranceMs, "until");
    assertEqual(after.blindUntil, longAgo, "blindUntil of a store that lost nothing");
  }),

  rule("an answer after a pause knows the window, before any sweep", async (harness) => {
    const { moment } = await harness.store.claimDue(10);
    const gapMs = watchGapMs(harness.policy);
    await harness.advance(gapMs + harness.toleranceMs + 1);
    for (const answer of [
      await harness.store.load([alice]),
      await harness.store.loadForChange([alice]),
      await harness.store.renew([]),
      await harness.store.scan(undefined, 1),
    ]) {
      assertBetween(answer.moment.window?.from, moment.now + gapMs - harness.toleranceMs, moment.now + gapMs + harness.toleranceMs, "from");
    }
  }),

  rule("every server knows the same window", async (harness) => {
    await harness.peer.claimDue(10);
    const { window } = await pause(harness);
    assertEqual((await harness.peer.load([alice])).moment.window, window, "the peer's window");
  }),

  rule("a pause inside a window prolongs it and keeps its beginning", async (harness) => {
    const first = await pause(harness);
    const second = await pause(harness);
    assertEqual(second.window.from, first.window.from, "from");
    assert(second.window.until > first.window.until, `until moved from ${first.window.until} to ${second.window.until}`);
  }),

  rule("a window stays known after it is over, and the next pause begins a new one", async (harness) => {
    let { window, after: moment } = await pause(harness);
    // A slow machine pauses within the window, which prolongs it.
    for (let attempt = 0; moment.now < window.until && attempt < 10; attempt++) {
      await sweepThrough(harness, window.until - moment.now);
      ({ moment } = await harness.store.claimDue(10));
      if (moment.window !== undefined) window = moment.window;
    }
    ({ moment } = await harness.store.load([alice]));
    assertEqual(moment.window, window, "the window after its end");
    const next = await pause(harness);
    assert(next.window.from >= window.until, `a new window begins at ${next.window.from}, after the old one's end at ${window.until}`);
  }),
];
