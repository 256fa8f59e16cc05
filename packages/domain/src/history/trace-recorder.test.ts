import { describe, expect, test } from "vitest";
import { minute, Story, second } from "../commands/commands.fixture.ts";
import { PresenceError } from "../errors.ts";
import { parseUserId } from "../ids.ts";
import { alice, Recording } from "./recording.fixture.ts";

const kinds = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).kind);

describe("a trace", () => {
  test("holds neither what a user wrote nor which stream holds his device", () => {
    const recording = new Recording().tick(0);
    recording.commit(new Story().connect("phone", undefined, "stream-of-10.0.0.7").set("DND", { message: "my secret" }));
    const text = recording.lines.join("\n");
    expect(text).not.toContain("secret");
    expect(text).not.toContain("10.0.0.7");
    expect(text).toContain('"message":{"until":null}');
    expect(text).toContain('"attached":true');
  });

  test("numbers the lines of a server, so that one that is missing is missed", () => {
    const recording = new Recording("s1")
      .tick(0)
      .tick(6 * second)
      .end();
    expect(recording.lines.map((line) => [JSON.parse(line).server, JSON.parse(line).n])).toEqual([
      ["s1", 1],
      ["s1", 2],
      ["s1", 3],
      ["s1", 4],
    ]);
    expect(kinds(recording.lines)).toEqual(["start", "clock", "clock", "end"]);
  });

  test("tells the clock when it changes, and every 5 s where it does not", () => {
    const recording = new Recording().tick(0).tick(1_000).tick(4_999).tick(5_000);
    const from = recording.lines.length;
    const story = new Story().unwatched(10 * second, 130 * second);
    recording.tick(6_000, { window: story.window }).tick(6_250, { window: story.window });
    expect(kinds(recording.lines.slice(0, from))).toEqual(["start", "clock", "clock"]);
    expect(kinds(recording.lines.slice(from))).toEqual(["clock"]);
  });
});

describe("a renewal is a short line", () => {
  test("right after another line of that user", () => {
    const story = new Story().connect("phone");
    const recording = new Recording().commit(story).renew(story.at(30 * second), "phone");
    expect(kinds(recording.lines)).toEqual(["start", "commit", "renew"]);
  });

  test.each<[string, (recording: Recording, story: Story) => void]>([
    ["the file tells nothing of him", () => {}],
    ["another server wrote in between", (recording, story) => recording.commit(story) && void story.at(second).heartbeat("desktop")],
    ["nobody knows what became of a write", (recording, story) => recording.commit(story).recorder.unsure([alice], story.now)],
    ["a new file has begun", (recording, story) => recording.commit(story).recorder.restart()],
  ])("and a whole record where %s", (_, before) => {
    const story = new Story().connect("phone");
    const recording = new Recording();
    before(recording, story);
    recording.renew(story.at(30 * second), "phone");
    expect(kinds(recording.lines).at(-1)).toBe("record");
  });

  test("and a whole record for whoever was written down longest ago, where there are too many to remember", () => {
    const [one, two] = [new Story().connect("phone"), new Story().connect("phone")];
    const recording = new Recording("s1", { rememberedUsers: 1 }).commit(one).commit(two, parseUserId("bob"));
    recording.renew(two.at(second), "phone", parseUserId("bob")).renew(one.at(second), "phone");
    expect(kinds(recording.lines)).toEqual(["start", "commit", "commit", "renew", "record"]);
  });
});

describe("where there is no room", () => {
  test("lines are dropped, and the next one that fits is preceded by their number", () => {
    const story = new Story().connect("phone");
    const recording = new Recording().commit(story);
    recording.room = false;
    recording.renew(story.at(30 * second), "phone").renew(story.at(minute), "phone");
    recording.room = true;
    recording.renew(story.at(2 * minute), "phone");
    expect(kinds(recording.lines)).toEqual(["start", "commit", "dropped", "record"]);
    expect(JSON.parse(recording.lines[2] ?? "")).toMatchObject({ count: 2, n: 3 });
  });
});

test("a write that was refused is no line, and one whose answer is an error may have been made", () => {
  const story = new Story().connect("phone");
  const recording = new Recording();
  const [wanted] = [{ userId: alice, record: story.record, moves: [], keepForMs: 0, decidedAt: story.now }];
  for (const result of ["conflict", "stale", PresenceError.unavailable("late", 10)] as const) {
    recording.recorder.committed(
      [{ ...wanted, expectedRevision: 0, due: undefined, session: false, signOfLife: true, event: undefined, staleFrom: story.now }],
      [result],
    );
  }
  expect(kinds(recording.lines)).toEqual(["start", "unsure"]);
  expect(JSON.parse(recording.lines[1] ?? "")).toMatchObject({ from: story.now, users: [alice] });
});
