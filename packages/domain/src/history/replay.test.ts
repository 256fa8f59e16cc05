import { describe, expect, test } from "vitest";
import { minute, policy, Story, second, start } from "../commands/commands.fixture.ts";
import { parseUserId } from "../ids.ts";
import { after, millis } from "../time.ts";
import { alice, answerOf, Recording } from "./recording.fixture.ts";
import { replay, TraceReader } from "./replay.ts";

/** A life of four minutes on one server. */
function life(): Recording {
  const story = new Story().at(second).connect("phone");
  const recording = new Recording().tick(0).commit(story);
  recording.renew(story.at(31 * second), "phone");
  recording.commit(story.at(40 * second).set("DND", { expiresInMs: minute, message: "on call" }));
  recording.tick(45 * second).tick(2 * minute);
  return recording.tick(4 * minute).end();
}

describe("a replay tells what a user's presence was, since when, and what moved it", () => {
  test.each<[string, number, object | string]>([
    ["before his first connect", 500, { status: "OFFLINE", since: undefined, doubts: [], cause: undefined }],
    ["connected", 20 * second, { status: "ONLINE", since: second, doubts: [], cause: "connect" }],
    ["with a claim", 50 * second, { status: "DND", since: 40 * second, doubts: [], cause: "set-dnd" }],
    ["after it, which nobody wrote down", 110 * second, { status: "ONLINE", since: 100 * second, doubts: [], cause: "claim-expired" }],
    ["silent since", 3 * minute, { status: "OFFLINE", since: 160 * second, doubts: [], cause: "lease-lapsed" }],
    ["before the trace", -1, "outside"],
    ["after the trace", 5 * minute, "outside"],
  ])("%s", (_, offset, answer) => {
    expect(life().explain(offset)).toEqual(answer);
  });

  test("with the rule that decided, and a message of which only the end is known", () => {
    const answer = replay(life().lines).explain(alice, millis(start + 50 * second));
    if (answer.kind === "unreached") throw new Error(answer.reason);
    expect(answer.explanation.because).toBe("The user chose DND, which goes before what 1 device does.");
    expect(answer.explanation.presence).toMatchObject({ message: "(not recorded)", version: (start + 40 * second) * 1_000 });
    expect(answer.lastMove).toEqual({ from: "ONLINE", to: "DND", cause: "set-dnd", at: start + 40 * second, server: "s1" });
  });

  test("and nothing of whom it does not know", () => {
    expect(life().explain(second, parseUserId("bob"))).toBe("user-unknown");
    expect(answerOf([], 0)).toBe("empty");
  });
});

describe("lines may come", () => {
  const offsets = [500, 20 * second, 50 * second, 110 * second, 3 * minute];
  const expected = offsets.map((offset) => life().explain(offset));
  const { lines } = life();

  test.each<[string, readonly string[]]>([
    ["in any order", lines.toReversed()],
    ["twice", [...lines, ...lines]],
    [
      "with kinds of a newer server between",
      [...lines.slice(0, -1), JSON.stringify({ server: "s1", n: lines.length, kind: "poem" }), end(lines)],
    ],
    ["with empty lines", lines.flatMap((line) => [line, ""])],
  ])("%s", (_, some) => {
    expect(offsets.map((offset) => answerOf(some, offset))).toEqual(expected);
  });

  test("with the last one cut off: it is left out and counted, and the end is missed", () => {
    const reader = new TraceReader();
    for (const line of [...lines.slice(0, -1), end(lines).slice(0, -3)]) reader.add(line);
    expect(reader.unreadable).toBe(1);
    const answer = reader.history().explain(alice, after(millis(start), 50 * second));
    expect(answer).toMatchObject({ kind: "answer", doubts: [] });
  });

  /** The last line with the number that it has after one more. */
  function end(all: readonly string[]): string {
    return JSON.stringify({ ...JSON.parse(all.at(-1) ?? ""), n: all.length + 1 });
  }
});

describe("two servers", () => {
  test("tell one life together", () => {
    const story = new Story().at(second).connect("phone");
    const [one, two] = [new Recording("s1").tick(0), new Recording("s2").tick(0)];
    one.commit(story);
    two.commit(story.at(2 * second).set("DND")).renew(story.at(3 * second), "phone");
    one.commit(story.at(4 * second).set("AWAY"));
    const lines = [...two.tick(9 * second).end().lines, ...one.tick(9 * second).end().lines];
    expect([1_500, 2_500, 3_500, 4_500].map((offset) => answerOf(lines, offset))).toMatchObject([
      { status: "ONLINE", doubts: [] },
      { status: "DND", doubts: [] },
      { status: "DND", doubts: [] },
      { status: "AWAY", doubts: [], since: 4 * second },
    ]);
  });

  test("of whom one is missing: what it wrote is missed in between", () => {
    const story = new Story().at(second).connect("phone");
    const one = new Recording("s1").tick(0).commit(story);
    new Recording("s2").commit(story.at(2 * second).set("DND"));
    one
      .commit(story.at(4 * second).set("AWAY"))
      .tick(9 * second)
      .end();
    expect([1_500, 2_500, 4_500].map((offset) => one.explain(offset))).toMatchObject([
      { status: "ONLINE", doubts: ["write-missing"] },
      { doubts: ["write-missing"] },
      { status: "AWAY", doubts: [] },
    ]);
  });
});

describe("an answer is doubtful", () => {
  test("where lines were dropped, until the user is written down whole", () => {
    const story = new Story().at(second).connect("phone");
    const recording = new Recording().tick(0).commit(story);
    recording.room = false;
    recording.renew(story.at(30 * second), "phone");
    recording.room = true;
    recording
      .tick(40 * second)
      .renew(story.at(minute), "phone")
      .tick(2 * minute)
      .end();
    expect([20, 35, 61].map((offset) => recording.explain(offset * second))).toMatchObject([
      { doubts: ["write-missing"] },
      { doubts: ["write-missing", "lines-missing"] },
      { status: "ONLINE", doubts: [] },
    ]);
  });

  test("where lines are lost", () => {
    const { lines } = life();
    // The renewal and the choice.
    expect(answerOf([...lines.slice(0, 3), ...lines.slice(5)], 50 * second)).toMatchObject({ doubts: ["lines-missing"] });
  });

  test("after a server has vanished, where another one goes on without having seen the user", () => {
    const story = new Story().at(second).connect("phone");
    const dead = new Recording("s1")
      .tick(0)
      .commit(story)
      .tick(10 * second);
    const alive = new Recording("s2").tick(0).tick(minute);
    const lines = [...dead.lines, ...alive.lines];
    expect(answerOf(lines, 4 * second)).toMatchObject({ doubts: [] });
    expect(answerOf(lines, 30 * second)).toMatchObject({ status: "ONLINE", doubts: ["server-vanished"] });
    alive.renew(story.at(31 * second), "phone");
    expect(answerOf([...dead.lines, ...alive.end().lines], 40 * second)).toMatchObject({ status: "ONLINE", doubts: [] });
  });

  test("while no server ran, and while none reached the store", () => {
    const story = new Story().at(second).connect("phone");
    const one = new Recording("s1")
      .tick(0)
      .commit(story)
      .tick(5 * second)
      .end();
    // The first tick after the pause opens the window that keeps him.
    const back = 300 * second;
    const window = { from: millis(start + 10 * second), until: after(millis(start), back + policy.leaseTtlMs) };
    const two = new Recording("s2")
      .tick(back, { window })
      .tick(back + minute, { window })
      .end();
    const lines = [...one.lines, ...two.lines];
    expect(answerOf(lines, 200 * second)).toEqual({
      status: "ONLINE",
      since: second,
      doubts: ["nobody-ran", "nobody-watched"],
      cause: "connect",
    });
    expect(answerOf(lines, back + second)).toMatchObject({ status: "ONLINE", doubts: [] });
  });

  test("after the store lost writes, until he is written down again; and OFFLINE is withheld at first", () => {
    const story = new Story().at(second).connect("phone");
    const recording = new Recording()
      .tick(0)
      .commit(story)
      .commit(story.at(2 * second).disconnect("phone"))
      .tick(5 * second);
    const lost = millis(start + 10 * second);
    const clock = { window: { from: lost, until: after(lost, policy.leaseTtlMs) }, lostAt: lost, blindUntil: after(lost, 34 * second) };
    recording.tick(10 * second, clock).tick(20 * second, clock);
    // What it still had was the connect.
    const old = new Story()
      .at(second)
      .connect("phone")
      .at(25 * second);
    recording
      .renew(old, "phone")
      .tick(30 * second, clock)
      .end();
    expect(recording.explain(7 * second)).toMatchObject({ status: "OFFLINE", doubts: [] });
    expect(recording.explain(15 * second)).toMatchObject({ status: "OFFLINE", doubts: ["writes-lost"] });
    expect(recording.explain(26 * second)).toMatchObject({ status: "ONLINE", doubts: [] });
    const blind = replay(recording.lines).explain(alice, millis(start + 15 * second));
    expect(blind).toMatchObject({ withheldUntil: clock.blindUntil });
  });

  test("after a write without an answer", () => {
    const story = new Story().at(second).connect("phone");
    const recording = new Recording()
      .tick(0)
      .commit(story)
      .tick(20 * second);
    recording.recorder.unsure([alice], millis(start + 15 * second));
    recording
      .tick(50 * second)
      .renew(story.at(55 * second), "phone")
      .tick(minute)
      .end();
    expect([10, 40, 56].map((offset) => recording.explain(offset * second))).toMatchObject([
      { doubts: [] },
      { doubts: ["outcome-unknown"] },
      { doubts: [] },
    ]);
  });
});

test("a record that the store has forgotten is forgotten", () => {
  const story = new Story().at(second).connect("phone");
  const recording = new Recording().tick(0).commit(story);
  recording.commit(story.at(2 * second).disconnect("phone"));
  const forgotten = 3 * second + policy.retentionMs;
  recording.tick(forgotten).end();
  expect(recording.explain(forgotten)).toMatchObject({ status: "OFFLINE", since: undefined });
});
