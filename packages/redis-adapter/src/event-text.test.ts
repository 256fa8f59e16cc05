import { millis, type Presence, parseUserId, statuses } from "@presence/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeEvent, encodeEvent } from "./event-text.ts";

const alice = parseUserId("alice");
const anInstant = fc.option(fc.integer({ min: 1, max: 5_000_000_000_000 }).map(millis), { nil: undefined });
const aPresence: fc.Arbitrary<Presence> = fc.record({
  userId: fc.constant(alice),
  status: fc.constantFrom(...statuses),
  since: anInstant,
  lastSeen: anInstant,
  message: fc.string({ unit: "binary", maxLength: 280 }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text)),
  version: fc.nat(Number.MAX_SAFE_INTEGER),
});

test("an event comes back as it was", () => {
  fc.assert(
    fc.property(aPresence, (presence) => {
      expect(decodeEvent(alice, Buffer.from(encodeEvent(presence)))).toEqual(presence);
    }),
    { numRuns: 500 },
  );
});

test("a message may hold the separators of lines and paragraphs", () => {
  const presence: Presence = {
    userId: alice,
    status: "DND",
    since: millis(1),
    lastSeen: undefined,
    message: "a\u2028b\u2029c\ufeff",
    version: 2,
  };
  expect(decodeEvent(alice, Buffer.from(encodeEvent(presence)))).toEqual(presence);
});

test("bytes that are no event of ours are refused", () => {
  for (const text of ["", "2 1 DND 1 0 ", "1 1 ASLEEP 1 0 ", "1 x DND 1 0 ", "\xff\xfe"]) {
    expect(() => decodeEvent(alice, Buffer.from(text, "latin1"))).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  }
});
