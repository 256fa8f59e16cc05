import { describe, expect, test } from "vitest";
import { minute, Story, second, start } from "./commands/commands.fixture.ts";
import { explain } from "./explanation.ts";
import { parseUserId } from "./ids.ts";
import { after } from "./time.ts";

function why(story: Story) {
  return explain(parseUserId("alice"), story.record, story.context, undefined);
}

describe("an explanation names the rule that decided", () => {
  test.each<[string, Story, string]>([
    ["unknown", new Story(), "Nothing is known of this user."],
    ["lapsed", new Story().connect("phone").at(10 * minute), "No device lives: the last lease ended without a sign of life."],
    ["left", new Story().connect("phone").disconnect("phone"), "No device lives: the last one left."],
    [
      "claim kept",
      new Story()
        .connect("phone")
        .set("DND")
        .at(10 * minute),
      "No device lives: the last lease ended without a sign of life; the user's choice of DND waits for the next connect.",
    ],
    ["invisible", new Story().connect("phone").set("OFFLINE"), "The user chose OFFLINE, so 1 device is hidden from others."],
    ["dnd", new Story().connect("phone").connect("desktop").set("DND"), "The user chose DND, which goes before what 2 devices do."],
    ["active", new Story().connect("phone").connect("desktop", 6 * minute), "No status is chosen, and device phone is active."],
    ["idle", new Story().connect("desktop", 6 * minute), "No status is chosen, and 1 device lives but is idle."],
    [
      "window",
      new Story()
        .connect("phone")
        .unwatched(second, 200 * second)
        .at(150 * second),
      "No status is chosen, and device phone is active; leases count longer, because nobody watched for a while.",
    ],
  ])("%s", (_, story, because) => {
    expect(why(story).because).toBe(because);
  });
});

describe("what comes next is named with its reason", () => {
  test.each<[string, Story, object | undefined]>([
    ["nothing while OFFLINE", new Story(), undefined],
    ["the lease", new Story().connect("phone"), { at: after(start, 120 * second), status: "OFFLINE", because: "the last lease ends" }],
    [
      "the claim",
      new Story().connect("phone").set("DND", { expiresInMs: second }),
      { at: after(start, second), status: "ONLINE", because: "the choice of DND ends" },
    ],
    [
      "idleness",
      new Story().connect("phone", 4 * minute),
      { at: after(start, minute), status: "AWAY", because: "device phone has been idle for long enough" },
    ],
    [
      "the message",
      new Story().connect("phone").set("ONLINE", { message: "m", expiresInMs: second }),
      { at: after(start, second), status: "ONLINE", because: "the message ends" },
    ],
    [
      "the active device's lease",
      new Story()
        .connect("phone")
        .at(second)
        .connect("desktop", 6 * minute),
      { at: after(start, 120 * second), status: "AWAY", because: "the lease of the last active device ends" },
    ],
  ])("%s", (_, story, next) => {
    expect(why(story).next).toEqual(next);
  });
});
