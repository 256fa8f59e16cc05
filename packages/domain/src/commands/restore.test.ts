import { describe, expect, test } from "vitest";
import { unknownRecord } from "../record.ts";
import { contextAt, device, minute, Story, second } from "./commands.fixture.ts";
import { connect, heartbeat } from "./index.ts";
import { restored } from "./restore.ts";

const before = new Story().connect("phone").at(second).set("DND", { message: "in a call" }).record;
const beat = { deviceId: device("phone"), idleForMs: undefined, holder: undefined };

const later = contextAt(new Story().at(10 * second).now);

describe("what a store has lost", () => {
  test("comes back with the next sign of life: claim and message, under a version of their own", () => {
    const { next, moves } = heartbeat(restored(unknownRecord, before, later), beat, later);
    expect(next).toMatchObject({
      status: "DND",
      claim: { status: "DND" },
      message: { text: "in a call" },
      revision: 1,
    });
    expect(moves).toEqual([]);
  });

  test("comes back over an old snapshot", () => {
    const snapshot = new Story().connect("phone").record;
    const { next } = heartbeat(restored(snapshot, before, later), beat, later);
    expect(next).toMatchObject({ status: "DND", revision: snapshot.revision + 1 });
  });

  test("does not come back over what was written since", () => {
    const since = connect(unknownRecord, beat, contextAt(new Story().at(minute).now)).next;
    expect(restored(since, before, later)).toBe(since);
  });

  test("is nothing where nothing was lost, or nothing is remembered", () => {
    expect(restored(before, before, later)).toBe(before);
    expect(restored(unknownRecord, undefined, later)).toBe(unknownRecord);
  });
});
