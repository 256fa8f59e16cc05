import { maxMessageLength } from "../arguments.ts";
import { maxIdLength, parseDeviceId, parseUserId, type UserId } from "../ids.ts";
import { maxDevices, type PresenceRecord } from "../record.ts";
import { statuses } from "../status.ts";
import { after, longAgo, type Millis, never } from "../time.ts";
import { assertEqual } from "./assertions.ts";
import { aDevice, alice, aRecord, desktop, phone } from "./builders.ts";
import type { ContractRule } from "./harness.ts";
import { rule } from "./rule.ts";
import { entriesOf, put, recordOf } from "./steps.ts";

const everyIdCharacter = "ABZabz019._:@~+|/=-";
const longestId = "x".repeat(maxIdLength);

function aMessage(text: string): (now: Millis) => PresenceRecord {
  return (now) => aRecord(now, { message: { text, until: never } });
}

/** Records with values at the edge of what there can be. */
const edges: Readonly<Record<string, (now: Millis) => PresenceRecord>> = {
  "a record of longAgo and of nothing": (now) =>
    aRecord(now, { version: 0, status: "OFFLINE", since: longAgo, lastSeen: longAgo, settledAt: longAgo, devices: [] }),
  "the greatest version": (now) => aRecord(now, { version: Number.MAX_SAFE_INTEGER }),
  "a bound record": (now) => aRecord(now, { bound: true }),
  "a claim without end": (now) => aRecord(now, { status: "DND", claim: { status: "DND", until: never } }),
  "a claim with an end": (now) => aRecord(now, { status: "AWAY", claim: { status: "AWAY", until: after(now, 5_000) } }),
  "the claim of the invisible": (now) => aRecord(now, { status: "OFFLINE", claim: { status: "OFFLINE", until: never } }),
  "a message with an end": (now) => aRecord(now, { message: { text: "on call", until: after(now, 5_000) } }),
  "a message in several scripts": aMessage("Größe · 日本語 · עברית · 👩‍👩‍👧‍👦 · e\u0301 · \u2028 · \ufeff"),
  "a message of blanks, quotes and escapes": aMessage("  \" ' \\ \\n %s %% { } [ ] $1 \u00a0 "),
  "a message that looks like a part of a record": aMessage("d phone 1 2 3"),
  "the longest message": aMessage("🦉".repeat(maxMessageLength)),
  "devices with every kind of deadline": (now) =>
    aRecord(now, {
      devices: [
        aDevice(now, { id: phone, activeUntil: longAgo, lastSeen: longAgo, holder: "server-1/stream-2" }),
        aDevice(now, { id: desktop, activeUntil: never }),
        aDevice(now, { id: parseDeviceId("tv"), leaseUntil: after(now, 1), activeUntil: after(now, 2) }),
      ],
    }),
  "devices whose ids begin alike": (now) =>
    aRecord(now, { devices: ["p", "ph", "phone", "phone2"].map((id) => aDevice(now, { id: parseDeviceId(id) })) }),
  "devices with the strangest ids": (now) =>
    aRecord(now, { devices: [everyIdCharacter, longestId].map((id) => aDevice(now, { id: parseDeviceId(id) })) }),
  "as many devices as there can be, and as many that left": (now) =>
    aRecord(now, {
      devices: Array.from({ length: maxDevices }, (_, index) =>
        aDevice(now, { id: parseDeviceId(`d${index}`), leaseUntil: after(now, index) }),
      ),
      left: Array.from({ length: maxDevices }, (_, index) => ({ id: parseDeviceId(`l${index}`), until: after(now, index) })),
    }),
  "a device that left and came back": (now) => aRecord(now, { left: [{ id: desktop, until: after(now, 9) }] }),
};

function roundTrip(name: string, userId: UserId, decide: (now: Millis) => PresenceRecord): ContractRule {
  return rule(`what was committed is loaded: ${name}`, async (harness) => {
    const { record } = await put(harness, userId, decide);
    assertEqual(await recordOf(harness.store, userId), record, "the record");
    assertEqual(await entriesOf(harness.store.load([userId])), [record], "the records for an answer");
  });
}

/** A record comes back as it was committed. */
export const recordRules = [
  ...Object.entries(edges).map(([name, decide]) => roundTrip(name, alice, decide)),
  ...statuses.map((status) => roundTrip(`the status ${status}`, alice, (now) => aRecord(now, { status }))),
  roundTrip("a user whose id has every character", parseUserId(everyIdCharacter), (now) => aRecord(now)),
  roundTrip("a user with the longest id", parseUserId(longestId), (now) => aRecord(now)),

  rule("a record is replaced as a whole", async (harness) => {
    const full = edges["as many devices as there can be, and as many that left"];
    await put(harness, alice, (now) => ({
      ...(full?.(now) ?? aRecord(now)),
      message: { text: "on call", until: never },
      claim: { status: "DND", until: never },
    }));
    const { record } = await put(harness, alice, (now) => aRecord(now, { revision: 2 }));
    assertEqual(await recordOf(harness.store, alice), record, "the record");
  }),
];
