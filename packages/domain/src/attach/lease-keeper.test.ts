import { beforeEach, describe, expect, test } from "vitest";
import type { Refusal } from "../commands/index.ts";
import { PresenceError } from "../errors.ts";
import type { HeartbeatCall, HeartbeatOutcome } from "../heartbeats.ts";
import { parseDeviceId, parseUserId } from "../ids.ts";
import { defaultPolicy } from "../policy.ts";
import { type PresenceRecord, unknownRecord } from "../record.ts";
import { longAgo, millis } from "../time.ts";
import type { HeldDevice } from "./held-stream.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

const phone: HeldDevice = { userId: parseUserId("alice"), deviceId: parseDeviceId("phone") };
const desktop: HeldDevice = { userId: parseUserId("alice"), deviceId: parseDeviceId("desktop") };

let calls: (readonly HeartbeatCall[])[];
let refusal: Refusal | undefined;
let lostWrites: boolean;
let record: PresenceRecord;
let fail: boolean;
let unreadable: string | undefined;
let failures: unknown[];
let keeper: LeaseKeeper;

beforeEach(() => {
  calls = [];
  refusal = undefined;
  lostWrites = false;
  record = unknownRecord;
  fail = false;
  unreadable = undefined;
  failures = [];
  const service = {
    policy: defaultPolicy,
    heartbeats: async (batch: readonly HeartbeatCall[]): Promise<readonly (HeartbeatOutcome | PresenceError)[]> => {
      calls.push(batch);
      if (fail) throw new Error("no store");
      const moment = { now: millis(1), aheadMs: 0, window: undefined, blindUntil: longAgo, lostAt: longAgo };
      return batch.map(({ userId }) =>
        userId === unreadable ? new PresenceError("UNAVAILABLE", userId) : { record, moment, refusal, lostWrites },
      );
    },
  };
  keeper = new LeaseKeeper({ service, onRenewFailed: (error) => failures.push(error) });
});

async function pass(untilMs: number, fromMs = 0): Promise<void> {
  for (let now = fromMs; now <= untilMs; now += 250) {
    keeper.tick(now);
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe("a lease keeper", () => {
  test("renews each device once a heartbeat interval, in the name of its stream", async () => {
    const stream = keeper.open("stream-1", () => {});
    stream.hold(phone);
    await pass(29_750);
    expect(calls).toEqual([]);
    await pass(60_000, 30_000);
    expect(calls).toEqual([[{ ...phone, holder: "stream-1", known: undefined }], [{ ...phone, holder: "stream-1", known: unknownRecord }]]);
  });

  test("renews devices of many streams in one call, and no more than a batch may hold", async () => {
    for (let index = 0; index < 1_500; index++)
      keeper.open(`s${index}`, () => {}).hold({ userId: parseUserId(`user-${index}`), deviceId: phone.deviceId });
    await pass(30_000);
    expect(calls.map(({ length }) => length)).toEqual([1_000, 500]);
  });

  test("holding a device twice does not renew it twice", async () => {
    const stream = keeper.open("s", () => {});
    stream.hold(phone);
    stream.hold(phone);
    await pass(30_000);
    expect(calls.flat()).toHaveLength(1);
  });

  test("renews no more what was released or whose stream was closed", async () => {
    const stream = keeper.open("s", () => {});
    stream.hold(phone);
    stream.hold(desktop);
    stream.release(phone);
    expect(stream.close()).toEqual([desktop]);
    await pass(60_000);
    expect(calls).toEqual([]);
  });

  test("tells the stream which device is gone, and renews it no more", async () => {
    const lost: [HeldDevice, string][] = [];
    keeper.open("s", (device, error: PresenceError) => lost.push([device, error.code])).hold(phone);
    refusal = "DEVICE_DISCONNECTED";
    await pass(90_000);
    expect(lost.map(([{ deviceId }, code]) => [deviceId, code])).toEqual([["phone", "DEVICE_DISCONNECTED"]]);
    expect(calls).toHaveLength(1);
  });

  test("tries again a second after a failure", async () => {
    keeper.open("s", () => {}).hold(phone);
    fail = true;
    await pass(30_000);
    fail = false;
    await pass(31_500, 30_250);
    expect(calls).toHaveLength(2);
  });

  test("does not lose a device whose user's record cannot be read: others are renewed, and it is tried again", async () => {
    unreadable = "bob";
    const lost: unknown[] = [];
    const stream = keeper.open("stream-1", (device) => lost.push(device));
    stream.hold(phone);
    stream.hold({ userId: parseUserId("bob"), deviceId: phone.deviceId });
    await pass(60_250);
    expect(calls.map((batch) => batch.map(({ userId }) => userId))).toEqual([
      [phone.userId, "bob"],
      [phone.userId, "bob"],
    ]);
    expect(failures).toHaveLength(2);
    expect(lost).toEqual([]);
  });

  test("leaves to lapse what a silent client holds, until it speaks again", async () => {
    const stream = keeper.open("s", () => {});
    stream.hold(phone);
    await pass(300_000);
    expect(calls).toHaveLength(4);
    stream.heardAt = 300_000;
    await pass(330_000, 300_250);
    expect(calls).toHaveLength(5);
  });

  test("remembers each user's record from one renewal to the next, should the store lose it", async () => {
    keeper.open("s", () => {}).hold(phone);
    record = { ...unknownRecord, version: 7 };
    await pass(30_000);
    record = unknownRecord;
    await pass(60_000, 30_250);
    expect(calls.flat().map(({ known }) => known?.version)).toEqual([undefined, 7]);
  });

  test("hastens to everyone once it finds that the store has lost writes, spread as before", async () => {
    const stream = keeper.open("s", () => {});
    stream.hold(phone);
    await pass(10_000);
    stream.hold(desktop);
    await pass(29_750, 10_250);
    lostWrites = true;
    await pass(30_000, 30_000);
    lostWrites = false;
    // The desktop's turn would be at 40 s.
    await pass(34_750, 30_250);
    expect(calls).toHaveLength(1);
    await pass(35_000, 35_000);
    expect(calls.at(-1)).toMatchObject([desktop]);
  });
});
