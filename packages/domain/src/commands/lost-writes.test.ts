import { describe, expect, test } from "vitest";
import { parseUserId } from "../ids.ts";
import { presenceAt } from "../presence.ts";
import { unknownRecord } from "../record.ts";
import { contextAt, device, minute, policy, Story, second } from "./commands.fixture.ts";
import { connect, heartbeat, setStatus } from "./index.ts";

const alice = parseUserId("alice");
const beat = { deviceId: device("phone"), idleForMs: undefined, holder: undefined };
const at = (ms: number) => new Story().at(ms).now;
const floor = (ms: number) => at(ms) * 1_000;

describe("after lost writes", () => {
  const lost = { lostAt: at(2 * second), blindUntil: at(36 * second) };

  test("no version is lower than any that was told before, whichever server is asked", () => {
    const old = new Story().connect("phone").record;
    const moment = contextAt(at(minute), lost);
    expect(presenceAt(alice, old, moment).version).toBeGreaterThanOrEqual(floor(2 * second));
    expect(presenceAt(alice, unknownRecord, moment).version).toBe(floor(2 * second));
    const { next } = setStatus(
      old,
      { status: "DND", expiresInMs: undefined, message: "", deviceId: undefined },
      contextAt(at(10 * second), lost),
    );
    expect(next.version).toBeGreaterThan(floor(2 * second));
  });

  test("what is written by a server that has not heard of it yet is above them too", () => {
    const old = new Story().connect("phone");
    const { record } = old.at(3 * second).set("DND");
    expect(presenceAt(alice, record, contextAt(at(minute), lost)).version).toBe(record.version);
  });

  test("what was decided before, and lands after the loss was noticed, is not told by the version of what was there", () => {
    const moment = contextAt(at(minute), { lostAt: at(30 * second), blindUntil: at(64 * second) });
    const told = [0, 25 * second + 6, 28 * second, 30 * second - 6, 30 * second - 1].map(
      (ms) => presenceAt(alice, new Story().at(ms).connect("phone").record, moment).version,
    );
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
    expect(told[0]).toBe(floor(30 * second));
    // Below whatever is decided from the next millisecond on.
    expect(told.at(-1)).toBeLessThan(floor(30 * second + 1));
  });

  test("what time changes has a version of its own, also right after them", () => {
    const old = new Story().connect("phone").record;
    const before = presenceAt(alice, old, contextAt(at(10 * second), lost));
    const after = presenceAt(alice, old, contextAt(at(policy.leaseTtlMs + 1), lost));
    expect([before.status, after.status]).toEqual(["ONLINE", "OFFLINE"]);
    expect(after.version).toBeGreaterThan(before.version);
  });

  test("a heartbeat of a device that left connects it: its return may be lost", () => {
    const left = new Story().connect("phone").at(second).disconnect("phone").record;
    const again = heartbeat(left, beat, contextAt(at(3 * second), lost));
    expect(again).toMatchObject({ next: { status: "ONLINE" } });
    expect(again.refusal).toBeUndefined();
    expect(heartbeat(left, beat, contextAt(at(37 * second), lost)).refusal).toBe("DEVICE_DISCONNECTED");
  });

  test("a bound user without a session hash is unbound, not ended", () => {
    const bound = connect(unknownRecord, beat, contextAt(at(0), { session: true })).next;
    expect(heartbeat(bound, beat, contextAt(at(3 * second), lost))).toMatchObject({ next: { status: "ONLINE", bound: false } });
  });
});
