import { describe, expect, test } from "vitest";
import { parseUserId } from "../ids.ts";
import { presenceAt } from "../presence.ts";
import { minute, Story, second } from "./commands.fixture.ts";

const alice = parseUserId("alice");

// Every state of a user, as the commands below meet it one minute (or one lapsed lease) after it began.
const states: Record<string, () => Story> = {
  unknown: () => new Story(),
  online: () => new Story().connect("a", undefined, "stream"),
  idle: () => new Story().connect("a", 6 * minute, "stream"),
  away: () => new Story().connect("a", undefined, "stream").set("AWAY"),
  dnd: () => new Story().connect("a", undefined, "stream").set("DND"),
  invisible: () => new Story().connect("a", undefined, "stream").set("OFFLINE"),
  lapsed: () => new Story().at(-2 * minute).connect("a", undefined, "stream"),
  "dnd lapsed": () =>
    new Story()
      .at(-2 * minute)
      .connect("a", undefined, "stream")
      .set("DND"),
  left: () => new Story().connect("a", undefined, "stream").disconnect("a"),
  "two devices": () => new Story().connect("b", 6 * minute).connect("a", undefined, "stream"),
  "session gone": () => new Story().withSession(true).connect("a", undefined, "stream").withSession(false),
};

const commands: Record<string, (story: Story) => Story> = {
  connect: (story) => story.connect("a"),
  "connect idle": (story) => story.connect("a", 6 * minute),
  heartbeat: (story) => story.heartbeat("a"),
  "heartbeat idle": (story) => story.heartbeat("a", 6 * minute),
  "set online": (story) => story.set("ONLINE", { deviceId: "a" }),
  "set away": (story) => story.set("AWAY", { deviceId: "a" }),
  "set dnd": (story) => story.set("DND", { deviceId: "a" }),
  "set offline": (story) => story.set("OFFLINE", { deviceId: "a" }),
  inactivity: (story) => story.inactivity("a"),
  disconnect: (story) => story.disconnect("a"),
  drop: (story) => story.drop("a", "stream"),
  kick: (story) => story.kick(),
  "session ended": (story) => story.sessionEnded(),
};

// What others see after the command; `!` where it is refused.
const expected = `
               | connect | connect idle | heartbeat | heartbeat idle | set online | set away | set dnd | set offline | inactivity | disconnect | drop    | kick    | session ended
unknown        | ONLINE  | AWAY         | ONLINE    | AWAY           | ONLINE     | AWAY     | DND     | OFFLINE     | OFFLINE    | OFFLINE    | OFFLINE | OFFLINE | OFFLINE
online         | ONLINE  | AWAY         | ONLINE    | AWAY           | ONLINE     | AWAY     | DND     | OFFLINE     | AWAY       | OFFLINE    | ONLINE  | OFFLINE | ONLINE
idle           | ONLINE  | AWAY         | AWAY      | AWAY           | ONLINE     | AWAY     | DND     | OFFLINE     | AWAY       | OFFLINE    | AWAY    | OFFLINE | AWAY
away           | AWAY    | AWAY         | AWAY      | AWAY           | ONLINE     | AWAY     | DND     | OFFLINE     | AWAY       | OFFLINE    | AWAY    | OFFLINE | AWAY
dnd            | DND     | DND          | DND       | DND            | ONLINE     | AWAY     | DND     | OFFLINE     | DND        | OFFLINE    | DND     | OFFLINE | DND
invisible      | OFFLINE | OFFLINE      | OFFLINE   | OFFLINE        | ONLINE     | AWAY     | DND     | OFFLINE     | OFFLINE    | OFFLINE    | OFFLINE | OFFLINE | OFFLINE
lapsed         | ONLINE  | AWAY         | ONLINE    | AWAY           | ONLINE     | AWAY     | DND     | OFFLINE     | OFFLINE    | OFFLINE    | OFFLINE | OFFLINE | OFFLINE
dnd lapsed     | DND     | DND          | DND       | DND            | ONLINE     | AWAY     | DND     | OFFLINE     | OFFLINE    | OFFLINE    | OFFLINE | OFFLINE | OFFLINE
left           | ONLINE  | AWAY         | OFFLINE!  | OFFLINE!       | OFFLINE    | OFFLINE  | OFFLINE | OFFLINE     | OFFLINE    | OFFLINE    | OFFLINE | OFFLINE | OFFLINE
two devices    | ONLINE  | AWAY         | ONLINE    | AWAY           | ONLINE     | AWAY     | DND     | OFFLINE     | AWAY       | AWAY       | ONLINE  | OFFLINE | ONLINE
session gone   | ONLINE  | AWAY         | OFFLINE!  | OFFLINE!       | OFFLINE    | OFFLINE  | OFFLINE | OFFLINE     | OFFLINE    | OFFLINE    | ONLINE  | OFFLINE | OFFLINE
`;

const [header = [], ...rows] = expected
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("transition vectors", () => {
  test("the table covers every state and every command", () => {
    expect(header.slice(1)).toEqual(Object.keys(commands));
    expect(rows.map(([state]) => state)).toEqual(Object.keys(states));
  });

  for (const [state = "", ...cells] of rows) {
    for (const [column, cell] of cells.entries()) {
      const name = header[column + 1] ?? "";
      test(`${state}, ${name}: ${cell}`, () => {
        const before = states[state]?.() ?? new Story();
        const shownBefore = presenceAt(alice, before.record, before.at(second).context);
        const story = commands[name]?.(before.at(second)) ?? before;
        const shown = presenceAt(alice, story.record, story.context);
        expect(`${shown.status}${story.decision.refusal === undefined ? "" : "!"}`).toBe(cell);
        // A version moves if and only if others see a difference, and a status keeps its beginning unless it moved.
        const changed = shown.status !== shownBefore.status || shown.since !== shownBefore.since || shown.message !== shownBefore.message;
        expect(shown.version > shownBefore.version).toBe(changed);
        const byCommand = story.decision.moves.filter(({ cause }) => cause !== "lease-lapsed");
        expect(shown.since === shownBefore.since).toBe(byCommand.length === 0);
      });
    }
  }
});
