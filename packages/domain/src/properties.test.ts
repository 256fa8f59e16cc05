import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Story } from "./commands/commands.fixture.ts";
import { parseUserId } from "./ids.ts";
import { dueAt } from "./next-change.ts";
import { presencePolicy } from "./policy.ts";
import { type Presence, presenceAt, presenceNow } from "./presence.ts";
import { settle } from "./settle.ts";
import { statuses } from "./status.ts";
import { millis } from "./time.ts";
import { causes, isLegal, transitions } from "./transitions.ts";

const alice = parseUserId("alice");

/** One step of a life: wait, then do something. Waits reach from nothing to well over a lease. */
type Step = (story: Story) => void;

const wait = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 2_000, max: 400_000 }));
const name = fc.constantFrom("a", "b", "c", "default");
const message = fc.constantFrom("", "", "hello", "on call");

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

/** What happens on the user's devices; idle times up to `idleMs`. */
function devicesAct(idleMs: number): fc.Arbitrary<Step> {
  const idle = maybe(fc.integer({ min: 0, max: idleMs }));
  return fc.oneof(
    fc.tuple(name, idle, fc.constantFrom(undefined, "s1", "s2")).map(
      ([id, idleFor, holder]): Step =>
        (story) =>
          void story.connect(id, idleFor, holder),
    ),
    fc.tuple(name, idle).map(
      ([id, idleFor]): Step =>
        (story) =>
          void story.heartbeat(id, idleFor),
    ),
    maybe(name).map(
      (id): Step =>
        (story) =>
          void story.inactivity(id),
    ),
    name.map(
      (id): Step =>
        (story) =>
          void story.disconnect(id),
    ),
    fc.tuple(name, fc.constantFrom("s1", "s2")).map(
      ([id, holder]): Step =>
        (story) =>
          void story.drop(id, holder),
    ),
    fc.constant<Step>((story) => void story.sweep()),
  );
}

/** Everything that can happen; claims last up to `expiresMs`. */
function anyAct(idleMs: number, expiresMs: number): fc.Arbitrary<Step> {
  const chosen = fc.record({
    status: fc.constantFrom(...statuses),
    deviceId: maybe(name),
    expiresInMs: maybe(fc.integer({ min: 1, max: expiresMs })),
    message,
  });
  return fc.oneof(
    { arbitrary: devicesAct(idleMs), weight: 6 },
    {
      arbitrary: chosen.map(
        ({ status, ...options }): Step =>
          (story) =>
            void story.set(status, options),
      ),
      weight: 3,
    },
    fc.tuple(fc.constantFrom(...statuses), fc.boolean()).map(
      ([status, ensureOnline]): Step =>
        (story) =>
          void story.override(status, { ensureOnline }),
    ),
    fc.constant<Step>((story) => void story.kick()),
    fc.boolean().map(
      (session): Step =>
        (story) =>
          void story.withSession(session),
    ),
    fc.boolean().map(
      (seen): Step =>
        (story) =>
          void story.sessionEnded(seen),
    ),
  );
}

const steps = fc.array(fc.tuple(wait, anyAct(700_000, 300_000)), { minLength: 1, maxLength: 30 });
const window = maybe(fc.tuple(fc.integer({ min: 0, max: 600_000 }), fc.integer({ min: 1, max: 300_000 })));

interface Life {
  readonly steps: readonly (readonly [number, Step])[];
  readonly window: readonly [number, number] | undefined;
}

const life: fc.Arbitrary<Life> = fc.record({ steps, window });

function* live({ steps: all, window: span }: Life, story = new Story()): Generator<Story> {
  if (span !== undefined) story.unwatched(span[0], span[0] + span[1]);
  let offset = 0;
  for (const [ms, step] of all) {
    offset += ms;
    step(story.at(offset));
    yield story;
  }
}

function shown(story: Story): Presence {
  return presenceAt(alice, story.record, story.context);
}

const runs = { numRuns: 1_000 };

describe("whatever happens", () => {
  test("only legal moves are made, each from where the last one ended", () => {
    fc.assert(
      fc.property(life, (one) => {
        let status: Presence["status"] = "OFFLINE";
        for (const story of live(one)) {
          const { moves } = story.decision;
          for (const move of moves) {
            expect(move.from).toBe(status);
            expect(isLegal(move), `${move.cause}: ${move.from} to ${move.to}`).toBe(true);
            status = move.to;
          }
          // A command that wrote nothing leaves what time did to the next one.
          if (moves.length > 0) expect(shown(story).status).toBe(status);
        }
      }),
      runs,
    );
  });

  test("the table of transitions has no move that never happens", () => {
    const seen = new Set<string>();
    const everyMove = causes.flatMap((cause) =>
      statuses.flatMap((from) => transitions[cause][from].map((to) => `${cause}: ${from} to ${to}`)),
    );
    // The same lives each time: with any other ones a rare move could be missing by chance.
    for (const one of fc.sample(life, { numRuns: 20_000, seed: 1 })) {
      const story = new Story(presencePolicy({ graceMs: 0 }));
      for (const { decision } of live(one, story)) for (const { cause, from, to } of decision.moves) seen.add(`${cause}: ${from} to ${to}`);
    }
    expect(everyMove.filter((move) => !seen.has(move))).toEqual([]);
  });

  test("versions never go back, and the same version is always the same state", () => {
    fc.assert(
      fc.property(life, (one) => {
        let last: Presence | undefined;
        for (const story of live(one)) {
          const now = shown(story);
          if (last !== undefined) {
            expect(now.version).toBeGreaterThanOrEqual(last.version);
            if (now.version === last.version) expect(now).toEqual(last);
          }
          last = now;
        }
      }),
      runs,
    );
  });

  test("an answer holds until validUntil, and changes there", () => {
    fc.assert(
      fc.property(life, fc.double({ min: 0, max: 1, noNaN: true }), (one, part) => {
        for (const story of live(one)) {
          const { presence, validUntil } = presenceNow(alice, story.record, story.context);
          if (validUntil === undefined) continue;
          const within = millis(story.now + Math.floor(part * (validUntil - story.now - 1)));
          expect(validUntil).toBeGreaterThan(story.now);
          expect(presenceAt(alice, story.record, { ...story.context, now: within })).toEqual(presence);
          expect(presenceAt(alice, story.record, { ...story.context, now: validUntil })).not.toEqual(presence);
        }
      }),
      runs,
    );
  });

  test("settling late gives the same bytes as settling at every deadline", () => {
    fc.assert(
      fc.property(life, fc.integer({ min: 0, max: 900_000 }), (one, later) => {
        for (const story of live(one)) {
          const { window: span } = story.context;
          const end = millis(story.now + later);
          const late = settle(story.record, { now: end, window: span });
          let { record } = settle(story.record, { now: story.now, window: span });
          const moves = [...settle(story.record, { now: story.now, window: span }).moves];
          for (let now = story.now; now < end; now = millis(Math.min(end, now + 997))) {
            const one = settle(record, { now, window: span });
            record = one.record;
            moves.push(...one.moves);
          }
          const last = settle(record, { now: end, window: span });
          expect(presenceAt(alice, last.record, { ...story.context, now: end })).toEqual(
            presenceAt(alice, late.record, { ...story.context, now: end }),
          );
          expect([...moves, ...last.moves]).toEqual(late.moves);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("a change by time is due no later than it happens", () => {
    fc.assert(
      fc.property(life, fc.integer({ min: 1, max: 900_000 }), (one, later) => {
        for (const story of live(one)) {
          const { record } = settle(story.record, story.context);
          const due = dueAt(record, story.window);
          const end = millis(story.now + later);
          const changed = presenceAt(alice, record, { ...story.context, now: end }).version !== record.version;
          if (changed) expect(due).toBeLessThanOrEqual(end);
        }
      }),
      runs,
    );
  });

  test("an invisible user's heartbeats, connects and disconnects show through nowhere", () => {
    const secret = fc.array(fc.tuple(wait, devicesAct(700_000)), { maxLength: 10 });
    fc.assert(
      fc.property(life, secret, (one, hidden) => {
        const story = new Story();
        for (const _ of live(one, story));
        story.set("OFFLINE");
        const told = presenceNow(alice, story.record, story.context);
        let offset = story.now - new Story().now;
        for (const [ms, step] of hidden) {
          offset += ms;
          step(story.at(offset));
          expect(presenceNow(alice, story.record, story.context)).toEqual(told);
        }
      }),
      runs,
    );
  });

  test("since is the first instant of the status that is shown: an observer who looks all the time agrees", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), anyAct(90, 40)), { minLength: 1, maxLength: 15 }), (few) => {
        // The same lives, some thousand times faster, so that every millisecond can be looked at.
        const story = new Story(presencePolicy({ leaseTtlMs: 30, heartbeatIntervalMs: 10, graceMs: 5, idleAfterMs: 50 }));
        let last = shown(story);
        let offset = 0;
        for (const [ms, step] of few) {
          for (let passed = 0; passed < ms; passed++) {
            const now = shown(story.at(++offset));
            expect(now.since).toBe(now.status === last.status ? last.since : story.now);
            last = now;
          }
          step(story.at(offset));
          const now = shown(story);
          if (now.status !== last.status) expect(now.since).toBe(story.now);
          else if (story.decision.moves.length === 0) expect(now.since).toBe(last.since);
          last = now;
        }
      }),
      { numRuns: 300 },
    );
  });
});
