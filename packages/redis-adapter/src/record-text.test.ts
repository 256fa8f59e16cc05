import { type Millis, millis, never, type PresenceRecord, parseDeviceId, statuses, unknownRecord } from "@presence/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord, isKnownFormat } from "./record-text.ts";

const anInstant = fc.oneof(fc.nat(5_000_000_000_000), fc.constantFrom(0, 1, 9_999_999_999_998)).map(millis);
const aDeadline = fc.oneof(anInstant, fc.constant(never));
const aDeviceId = fc
  .string({ unit: fc.constantFrom(..."abcdlm019._:@~+|/=-"), minLength: 1, maxLength: 128 })
  .map((id) => parseDeviceId(id));
const aHolder = fc.string({ unit: fc.constantFrom(..."abc019/-"), minLength: 1, maxLength: 40 }).filter((holder) => holder !== "-");
/** Anything that a message may be: well-formed text without control characters. */
const aText = fc.string({ unit: "binary", minLength: 1, maxLength: 280 }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const aRecord: fc.Arbitrary<PresenceRecord> = fc.record({
  revision: fc.nat(999_999_999_999),
  version: fc.nat(Number.MAX_SAFE_INTEGER),
  status: fc.constantFrom(...statuses),
  since: anInstant,
  lastSeen: anInstant,
  settledAt: anInstant,
  bound: fc.boolean(),
  claim: optional(fc.record({ status: fc.constantFrom("AWAY" as const, "DND" as const, "OFFLINE" as const), until: aDeadline })),
  message: optional(fc.record({ text: aText, until: aDeadline })),
  devices: fc.array(
    fc.record({ id: aDeviceId, leaseUntil: aDeadline, activeUntil: aDeadline, lastSeen: anInstant, holder: optional(aHolder) }),
    { maxLength: 32 },
  ),
  left: fc.array(fc.record({ id: aDeviceId, until: aDeadline }), { maxLength: 32 }),
});

describe("a record as text", () => {
  test("comes back as it was", () => {
    fc.assert(
      fc.property(aRecord, (record) => {
        expect(decodeRecord(encodeRecord(record))).toEqual(record);
      }),
      { numRuns: 500 },
    );
  });

  test("has its header at fixed places, whatever follows", () => {
    fc.assert(
      fc.property(aRecord, (record) => {
        const [header] = encodeRecord(record).split("\n");
        expect(header).toMatch(/^1 \d{12} \d{16} (ONLINE |AWAY {3}|DND {4}|OFFLINE) \d{13} \d{13} \d{13} [b-]$/);
      }),
    );
  });

  test("is one that a person can read", () => {
    const now = millis(1_764_000_000_000);
    const device = { id: parseDeviceId("phone"), leaseUntil: millis(now + 120_000), activeUntil: never, lastSeen: now, holder: "s1/7" };
    const record: PresenceRecord = {
      revision: 42,
      version: now * 1_000,
      status: "DND",
      since: now,
      lastSeen: now,
      settledAt: now,
      bound: true,
      claim: { status: "DND", until: never },
      message: { text: "on call 📞", until: never },
      devices: [device],
      left: [{ id: parseDeviceId("desktop"), until: now }],
    };
    expect(encodeRecord(record).split("\n")).toEqual([
      "1 000000000042 1764000000000000 DND     1764000000000 1764000000000 1764000000000 b",
      "c DND 9999999999999",
      "d phone 1764000120000 9999999999999 1764000000000 s1/7",
      "l desktop 1764000000000",
      "m 9999999999999 on call 📞",
      "",
    ]);
  });

  test("of another format is told apart, and never read", () => {
    for (const text of ["2 whatever", "10 whatever", "{}", ""]) {
      expect(isKnownFormat(text)).toBe(false);
      expect(() => decodeRecord(text)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    }
  });

  test("that is damaged is an error, not somebody else's presence", () => {
    const text = encodeRecord({
      ...unknownRecord,
      devices: [{ id: parseDeviceId("phone"), leaseUntil: never, activeUntil: never, lastSeen: millis(1), holder: undefined }],
    });
    for (const damaged of [
      text.slice(0, -1),
      text.slice(0, 60),
      text.replace("OFFLINE", "ASLEEP "),
      `${text}x 1\n`,
      text.replace(" 0000000000001", " 00000000000o1"),
      text.replace("d phone", "c phone"),
    ]) {
      expect(() => decodeRecord(damaged), damaged).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    }
  });

  test("cuts parts of a millisecond off, so that nothing moves", () => {
    expect(
      decodeRecord(encodeRecord({ ...unknownRecord, claim: { status: "DND", until: 1_764_000_000_000.7 as Millis } })).claim?.until,
    ).toBe(1_764_000_000_000);
  });

  test.each([
    ["a time before 1970", { since: -1 as Millis }],
    ["a time that is none", { since: Number.NaN as Millis }],
    ["a time beyond its digits", { since: 10_000_000_000_000 as Millis }],
    ["a message of two lines", { message: { text: "a\nd phone 9", until: never } }],
    [
      "a holder of two words",
      { devices: [{ id: parseDeviceId("phone"), leaseUntil: never, activeUntil: never, lastSeen: never, holder: "a b" }] },
    ],
  ])("is not written with %s", (_, changes) => {
    expect(() => encodeRecord({ ...unknownRecord, ...changes })).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });
});
