import { parseDeviceId } from "../ids.ts";
import type { Renewal } from "../ports.ts";
import { type PresenceRecord, unknownRecord } from "../record.ts";
import { after, type Millis, never } from "../time.ts";
import { assert, assertBetween, assertEqual } from "./assertions.ts";
import { aCommit, aDevice, alice, aRecord, aRenewal, bob, desktop, login, longMs, phone } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { assertUntouched, entriesOf, nextRecord, put, putWithSession, recordOf, renewOne } from "./steps.ts";

/** A renewal of alice's that must be declined, with nothing written; the answer has what is needed to decide. */
async function declined(harness: Harness, changes: Partial<Renewal> = {}): Promise<void> {
  const record = await recordOf(harness.store, alice);
  const session = await harness.readSession(alice);
  const result = await renewOne(harness.store, aRenewal(alice, changes));
  assertEqual(result, { renewed: false, record, session: session !== undefined }, "the answer");
  await assertUntouched(harness, record, session, "after a declined renewal");
}

/** Alice with a phone like this, and a session hash that a granted renewal would prolong. */
async function putPhone(harness: Harness, changes: (now: Millis) => Partial<PresenceRecord["devices"][number]>): Promise<void> {
  await putWithSession(harness, (now) => aRecord(now, { devices: [aDevice(now, changes(now))] }));
  await harness.putSession(alice, { ...login, status: "ONLINE" });
}

/** A granted renewal: what it moves, and nothing else. */
const granted: readonly ContractRule[] = [
  rule("a renewal moves lease, last sign of life and revision of its device, and nothing else", async (harness) => {
    const activeUntil = (now: Millis) => after(now, longMs);
    const decide = (now: Millis): PresenceRecord =>
      aRecord(now, {
        claim: { status: "DND", until: after(now, longMs) },
        message: { text: "d phone 1", until: never },
        devices: [
          aDevice(now, { id: parseDeviceId("phone2") }),
          aDevice(now, { holder: "stream-1", activeUntil: activeUntil(now) }),
          aDevice(now, { id: desktop, holder: "stream-2" }),
        ],
        left: [{ id: parseDeviceId("tv"), until: after(now, longMs) }],
      });
    const { record } = await putWithSession(harness, decide);
    await harness.advance(5);
    const before = await harness.now();
    const result = await renewOne(harness.store, aRenewal(alice));
    const end = await harness.now();
    assert(result.renewed && result.session, "the renewal is granted beside a session");
    const device = result.record.devices[1];
    assertBetween(device?.leaseUntil, before + 2 * longMs, end + 2 * longMs, "the lease");
    assertBetween(device?.lastSeen, before, end, "the last sign of life");
    assert(result.record.revision > record.revision, "the revision moved");
    const { leaseUntil, lastSeen } = { ...aDevice(before), ...device };
    const devices = record.devices.map((other) => (other.id === phone ? { ...other, leaseUntil, lastSeen } : other));
    assertEqual(result.record, { ...record, devices, revision: result.record.revision }, "the record");
    assertEqual(await recordOf(harness.store, alice), result.record, "the stored record");
  }),

  rule("a renewal moves activity where that is asked for", async (harness) => {
    await putPhone(harness, (now) => ({ activeUntil: after(now, longMs) }));
    const before = await harness.now();
    const { renewed, record } = await renewOne(harness.store, aRenewal(alice, { activeForMs: 2 * longMs }));
    assert(renewed, "the renewal is granted");
    assertBetween(record.devices[0]?.activeUntil, before + 2 * longMs, (await harness.now()) + 2 * longMs, "activity");
    assertEqual(await recordOf(harness.store, alice), record, "the stored record");
  }),

  rule("an idle device is renewed where activity is left alone", async (harness) => {
    await putPhone(harness, (now) => ({ activeUntil: after(now, -1) }));
    assert((await renewOne(harness.store, aRenewal(alice))).renewed, "the renewal is granted");
  }),

  rule("a stream renews what it holds", async (harness) => {
    await putPhone(harness, () => ({ holder: "stream-1" }));
    const { renewed, record } = await renewOne(harness.store, aRenewal(alice, { holder: "stream-1" }));
    assertEqual([renewed, record.devices[0]?.holder], [true, "stream-1"], "renewed, and its holder");
  }),

  rule("renewals of two devices of one user in one batch are both kept", async (harness) => {
    await putWithSession(harness, (now) => aRecord(now, { devices: [aDevice(now), aDevice(now, { id: desktop })] }));
    const before = await harness.now();
    const entries = await entriesOf(harness.store.renew([aRenewal(alice), aRenewal(alice, { deviceId: desktop })]));
    assertEqual(
      entries.map(({ renewed }) => renewed),
      [true, true],
      "renewed",
    );
    const { devices } = await recordOf(harness.store, alice);
    assertEqual(
      devices.map(({ leaseUntil }) => leaseUntil >= before + 2 * longMs),
      [true, true],
      "leases that moved",
    );
  }),

  rule("renewals of a batch stand for themselves, and results come in order", async (harness) => {
    await putWithSession(harness);
    const entries = await entriesOf(harness.store.renew([aRenewal(bob), aRenewal(alice), aRenewal(alice, { deviceId: desktop })]));
    assertEqual(
      entries.map(({ renewed }) => renewed),
      [false, true, false],
      "renewed",
    );
    assertEqual(entries[0], { renewed: false, record: unknownRecord, session: false }, "the entry of the unknown user");
  }),

  rule("after a renewal an older commit is a conflict", async (harness) => {
    const { record } = await putWithSession(harness);
    assert((await renewOne(harness.store, aRenewal(alice))).renewed, "the renewal is granted");
    const renewed = await recordOf(harness.store, alice);
    const { now } = (await harness.store.load([alice])).moment;
    assertEqual(await harness.store.commit([aCommit(alice, nextRecord(record, now), now, { session: true })]), ["conflict"], "the commit");
    assertEqual(await recordOf(harness.store, alice), renewed, "the record");
  }),

  rule("a renewal publishes nothing", async (harness) => {
    await putWithSession(harness);
    const recorder = await harness.recordEvents([alice]);
    assert((await renewOne(harness.store, aRenewal(alice))).renewed, "the renewal is granted");
    assertEqual(await recorder.heard(), [], "events");
  }),
];

/** Each reason to decline a renewal: it could change more than deadlines. */
const declines: readonly ContractRule[] = [
  rule("a renewal is declined where the user is unknown", async (harness) => {
    await declined(harness);
  }),

  rule("a renewal is declined where only the session is known", async (harness) => {
    await harness.putSession(alice, { ...login, status: "ONLINE" });
    await declined(harness);
  }),

  rule("a renewal is declined where the device is unknown", async (harness) => {
    await putPhone(harness, () => ({ id: parseDeviceId("phone2") }));
    await declined(harness);
  }),

  rule("a renewal is declined where the device left", async (harness) => {
    await putWithSession(harness, (now) =>
      aRecord(now, { devices: [aDevice(now, { id: desktop })], left: [{ id: phone, until: after(now, longMs) }] }),
    );
    await declined(harness);
  }),

  rule("a renewal is declined where the device lapsed", async (harness) => {
    await putPhone(harness, (now) => ({ leaseUntil: after(now, 20) }));
    await harness.advance(20 + harness.toleranceMs);
    await declined(harness);
  }),

  rule("a renewal is declined where the device is idle and reports activity", async (harness) => {
    await putPhone(harness, (now) => ({ activeUntil: after(now, 20) }));
    await harness.advance(20 + harness.toleranceMs);
    await declined(harness, { activeForMs: longMs });
  }),

  rule("a renewal is declined where another stream holds the device", async (harness) => {
    await putPhone(harness, () => ({ holder: "stream-1" }));
    await declined(harness, { holder: "stream-2" });
  }),

  rule("a renewal of a stream is declined where nobody holds the device", async (harness) => {
    await putPhone(harness, () => ({ holder: undefined }));
    await declined(harness, { holder: "stream-2" });
  }),

  rule("a renewal is declined where the lease would end earlier", async (harness) => {
    await putPhone(harness, () => ({}));
    await declined(harness, { leaseForMs: Math.floor(longMs / 2) });
  }),

  rule("a renewal is declined where activity would end earlier", async (harness) => {
    await putPhone(harness, (now) => ({ activeUntil: after(now, longMs) }));
    await declined(harness, { activeForMs: Math.floor(longMs / 2) });
  }),

  rule("a renewal is declined where the device would begin to report idleness", async (harness) => {
    await putPhone(harness, () => ({ activeUntil: never }));
    await declined(harness, { activeForMs: longMs });
  }),

  rule("a renewal is declined where the session hash of a bound user is missing", async (harness) => {
    await putPhone(harness, () => ({}));
    await harness.deleteSession(alice);
    await declined(harness);
  }),

  rule("a renewal is declined where the session hash does not say what the record says", async (harness) => {
    await putPhone(harness, () => ({}));
    await harness.putSession(alice, { ...login, status: "AWAY" });
    await declined(harness);
  }),

  rule("a renewal is declined where a new session hash has no status yet", async (harness) => {
    await putPhone(harness, () => ({}));
    await harness.putSession(alice, login);
    await declined(harness);
  }),

  rule("a renewal is declined where it would bind the record to a session", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await harness.putSession(alice, { ...login, status: "ONLINE" });
    await declined(harness);
  }),
];

/** Signs of life that change nothing visible. */
export const renewRules: readonly ContractRule[] = [...granted, ...declines];
