import { describe, expect, test } from "vitest";
import { minute, policy, Story, second, start } from "./commands/commands.fixture.ts";
import { dueAt } from "./next-change.ts";

describe("a sweep looks again", () => {
  test("when the last device lapses, where nothing else changes before", () => {
    expect(dueAt(new Story().connect("phone").record, undefined)).toBe(start + policy.leaseTtlMs);
  });

  test("when a claim ends, also where that shows nothing: a window may open that keeps the user active until then", () => {
    const story = new Story().connect("phone", policy.idleAfterMs - 10 * second).set("AWAY", { deviceId: "phone", expiresInMs: minute });
    const { record } = story.heartbeat("phone", policy.idleAfterMs - 10 * second);
    expect(dueAt(record, undefined)).toBe(start + minute);
  });

  test("never, where no device is left", () => {
    expect(dueAt(new Story().set("DND", { expiresInMs: minute }).disconnect("default").record, undefined)).toBeUndefined();
  });
});
