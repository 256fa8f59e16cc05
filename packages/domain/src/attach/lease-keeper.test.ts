import { beforeEach, describe, expect, test } from "vitest";
import type { Refusal } from "../commands/index.ts";
import type { PresenceError } from "../errors.ts";
import type { HeartbeatCall, HeartbeatOutcome } from "../heartbeats.ts";
import { parseDeviceId, parseUserId } from "../ids.ts";
import { defaultPolicy } from "../policy.ts";
import { unknownRecord } from "../record.ts";
import { longAgo, millis } from "../time.ts";
import type { HeldDevice } from "./held-stream.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

const phone: HeldDevice = { userId: parseUserId("alice"), deviceId: parseDeviceId("phone") };
const desktop: HeldDevice = { userId: parseUserId("alice"), deviceId: parseDeviceId("desktop") };

let calls: (readonly HeartbeatCall[])[];
let refusal: Refusal | undefined;
let fail: boolean;
let keeper: LeaseKeeper;

beforeEach(() => {
  calls = [];
  refusal = undefined;
  fail = false;
  const service = {
    policy: defaultPolicy,
    heartbeats: async (batch: readonly HeartbeatCall[]): Promise<readonly HeartbeatOutcome[]> => {
      calls.push(batch);
      if (fail) throw new Error("no store");
      const moment = { now: millis(1), window: undefined, blindUntil: longAgo };
      return batch.map(() => ({ record: unknownRecord, moment, refusal }));
    },
  };
  keeper = new LeaseKeeper({ service });
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
    expect(calls).toEqual([[{ ...phone, holder: "stream-1" }], [{ ...phone, holder: "stream-1" }]]);
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

  test("leaves to lapse what a silent client holds, until it speaks again", async () => {
    const stream = keeper.open("s", () => {});
    stream.hold(phone);
    await pass(300_000);
    expect(calls).toHaveLength(4);
    stream.heardAt = 300_000;
    await pass(330_000, 300_250);
    expect(calls).toHaveLength(5);
  });
});
