import { type HeartbeatOutcome, PresenceError, PresenceService, parseDeviceId, parseUserId, presencePolicy } from "@presence/domain";
import { expect, test } from "vitest";
import { memoryAdapter } from "./memory-adapter.ts";

const policy = presencePolicy();
const alice = parseUserId("alice");
const phone = parseDeviceId("phone");

function serviceOn(now: number): PresenceService {
  return new PresenceService({ ...memoryAdapter({ policy, now: () => now }), policy });
}

async function beat(service: PresenceService, known?: HeartbeatOutcome["record"]): Promise<HeartbeatOutcome> {
  const [outcome] = await service.heartbeats([{ userId: alice, deviceId: phone, known }]);
  if (outcome === undefined || outcome instanceof PresenceError) throw new Error("no outcome");
  return outcome;
}

test("a heartbeat brings back what an emptied store has lost, as far as its caller remembers", async () => {
  const before = serviceOn(1_000_000);
  await before.connect({ userId: alice, deviceId: phone });
  await before.setStatus({ userId: alice, status: "DND", message: "in a call" });
  const { record: known, lostWrites } = await beat(before);
  expect(lostWrites).toBe(false);

  const emptied = serviceOn(1_005_000);
  const outcome = await beat(emptied, known);
  expect(outcome).toMatchObject({ lostWrites: true, refusal: undefined });
  expect(await emptied.get(alice)).toMatchObject({ presence: { status: "DND", message: "in a call" } });
});

test("a heartbeat brings back nothing over what was written since", async () => {
  const before = serviceOn(1_000_000);
  await before.connect({ userId: alice, deviceId: phone });
  await before.setStatus({ userId: alice, status: "DND" });
  const { record: known } = await beat(before);
  const emptied = serviceOn(1_005_000);
  await emptied.connect({ userId: alice, deviceId: phone });
  expect(await beat(emptied, known)).toMatchObject({ lostWrites: false });
  expect(await emptied.get(alice)).toMatchObject({ presence: { status: "ONLINE" } });
});
