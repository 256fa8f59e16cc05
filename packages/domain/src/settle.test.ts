import { describe, expect, test } from "vitest";
import { minute, policy, Story, second, start } from "./commands/commands.fixture.ts";
import { dueAt, keepForMs, nextVisibleChange } from "./next-change.ts";
import { settle } from "./settle.ts";
import { after } from "./time.ts";
import { effective } from "./watched-time.ts";

describe("settling", () => {
  test("gives the record itself back while no deadline has passed", () => {
    const story = new Story().connect("phone").at(policy.leaseTtlMs - 1);
    expect(settle(story.record, story.context).record).toBe(story.record);
  });

  test("drops what has ended: devices, claim, message and devices that left", () => {
    const story = new Story().connect("phone").disconnect("tablet").connect("desktop").set("DND", { expiresInMs: minute, message: "m" });
    story
      .at(100 * second)
      .heartbeat("desktop")
      .at(130 * second);
    expect(story.record).toMatchObject({ claim: undefined, message: undefined });
    const { record } = settle(story.record, story.context);
    expect(record.devices.map(({ id }) => String(id))).toEqual(["desktop"]);
    expect(record.left).toEqual([]);
  });

  test("a sweep writes what others see, and nothing else", () => {
    const story = new Story()
      .connect("phone")
      .connect("desktop")
      .at(100 * second)
      .heartbeat("desktop")
      .at(130 * second);
    const before = story.record;
    expect(story.sweep().record).toBe(before);
    expect(story.at(220 * second).sweep().record).toMatchObject({
      status: "OFFLINE",
      since: after(start, 220 * second),
      revision: before.revision + 1,
      devices: [],
    });
  });

  test("a record whose window was forgotten ends where it was settled last, not before", () => {
    const story = new Story()
      .connect("phone")
      .unwatched(100 * second, 300 * second)
      .at(200 * second)
      .set("DND")
      .at(201 * second);
    story.record = {
      ...story.record,
      devices: story.record.devices.map((device) => ({ ...device, leaseUntil: after(start, 120 * second) })),
    };
    const { record } = settle(story.record, { now: story.now, window: undefined });
    expect(record).toMatchObject({ status: "OFFLINE", since: after(start, 200 * second) });
  });
});

test("a device that only a forgotten window kept alive is dropped, also where nobody sees a difference", () => {
  const story = new Story()
    .connect("phone")
    .unwatched(100 * second, 300 * second)
    .at(200 * second)
    .set("OFFLINE")
    .at(201 * second);
  story.record = {
    ...story.record,
    devices: story.record.devices.map((device) => ({ ...device, leaseUntil: after(start, 120 * second) })),
  };
  const { record } = settle(story.record, { now: story.now, window: undefined });
  expect(record.devices).toEqual([]);
  expect(dueAt(record, undefined)).toBeUndefined();
});

describe("what is due", () => {
  test("nothing for who has no device", () => {
    const story = new Story().override("DND", { expiresInMs: minute });
    expect(dueAt(story.record, undefined)).toBeUndefined();
  });

  test("the last lease, where nothing changes before", () => {
    const story = new Story().connect("phone").at(second).connect("desktop");
    expect(dueAt(story.record, undefined)).toBe(after(start, 121 * second));
    const reversed = new Story().at(second).connect("desktop").at(0).connect("phone");
    expect(dueAt(reversed.record, undefined)).toBe(after(start, 121 * second));
  });

  test("the last lease of an invisible user too, so that his record is kept while he is there", () => {
    expect(dueAt(new Story().connect("phone").set("OFFLINE").record, undefined)).toBe(after(start, 120 * second));
  });

  test("a visible change before that", () => {
    expect(dueAt(new Story().connect("phone").set("DND", { expiresInMs: second }).record, undefined)).toBe(after(start, second));
    expect(nextVisibleChange(new Story().connect("phone").set("OFFLINE", { expiresInMs: second, message: "m" }).record, undefined)).toEqual(
      {
        at: after(start, second),
        status: "ONLINE",
      },
    );
  });

  test("not the end of a message that nobody sees", () => {
    const story = new Story().connect("phone").set("OFFLINE").override("OFFLINE");
    story.record = { ...story.record, message: { text: "m", until: after(start, second) } };
    expect(nextVisibleChange(story.record, undefined)).toBeUndefined();
  });

  test("nothing earlier than the end of the window", () => {
    expect(dueAt(new Story().connect("phone").record, { from: after(start, second), until: after(start, 10 * minute) })).toBe(
      after(start, 10 * minute),
    );
  });
});

test("a record is kept for its last lease and the retention after it", () => {
  const story = new Story().connect("phone").at(second).connect("desktop");
  expect(keepForMs(story.record, story.now, 1_000_000)).toBe(1_000_000 + 120_000);
  expect(keepForMs(new Story().record, start, 1_000_000)).toBe(1_000_000);
});

test("a window counts between its ends only", () => {
  const window = { from: after(start, 10), until: after(start, 20) };
  expect([10, 11, 19, 20, 21].map((ms) => effective(after(start, ms), window) - start)).toEqual([10, 20, 20, 20, 21]);
});
