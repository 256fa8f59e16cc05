import { parsePartyId, parseUserId } from "@presence/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultTemplates, duePartitions, Keys } from "./keys.ts";

const alice = parseUserId("alice");
const idCharacters = "abcXYZ019._:@~+|/=-";
const anId = fc.string({ unit: fc.constantFrom(...idCharacters), minLength: 1, maxLength: 128 }).map((id) => parseUserId(id));

const keysOf = (changes: Partial<typeof defaultTemplates> = {}) => new Keys({ ...defaultTemplates, ...changes });

/** What a Redis Cluster hashes to find the slot of a key, from its specification. */
function hashed(key: string): string {
  const open = key.indexOf("{");
  if (open === -1) return key;
  const close = key.indexOf("}", open);
  return close === -1 || close === open + 1 ? key : key.slice(open + 1, close);
}

const templates = ["session:%s", "%s", "{%s}", "auth:{user:%s}:session", "{auth}:session:%s", "s{tag}{%s}", "a{{b}:%s"];

describe("keys", () => {
  test("by default are those of the contract", () => {
    const keys = keysOf();
    expect(keys.session(alice)).toBe("session:alice");
    expect(keys.party(parsePartyId("lobby"))).toBe("party:lobby:members");
    expect(keys.record(alice)).toBe("presence:{session:alice}:alice");
    expect(keys.channel(alice, 3)).toBe("presence:{session:alice}:alice:3");
    expect(keys.clock).toBe("presence:clock");
    expect(keys.due(7)).toBe("presence:{due:7}");
  });

  test.each(templates)("a record lies in the slot of its session: %s", (sessionKey) => {
    const keys = keysOf({ sessionKey });
    fc.assert(fc.property(anId, (userId) => hashed(keys.record(userId)) === hashed(keys.session(userId))));
  });

  test("the claims of a partition lie in the slot of its due set, under a name that no record can have", () => {
    const keys = keysOf();
    expect(hashed(keys.claims(7))).toBe(hashed(keys.due(7)));
    expect(keys.userOfRecord(keys.claims(7))).toBeUndefined();
  });

  test.each(templates)("a record's and a session's key tell whose they are: %s", (sessionKey) => {
    const keys = keysOf({ sessionKey });
    fc.assert(
      fc.property(anId, (userId) => {
        expect(keys.userOfRecord(keys.record(userId))).toBe(userId);
        expect(keys.userOfSession(keys.session(userId))).toBe(userId);
      }),
    );
  });

  test("keys of others, and of another session template, are nobody's record", () => {
    const keys = keysOf();
    for (const key of ["presence:clock", "presence:{due:1}", "presence:{old:alice}:alice", "presence:{session:alice}:bob", "x", ""]) {
      expect(keys.userOfRecord(key)).toBeUndefined();
    }
  });

  test("only a key with an id in the right place is a session", () => {
    const keys = keysOf({ sessionKey: "s:%s:x" });
    for (const key of ["s::x", "s:al ice:x", "s:alice", "alice:x", "s:x", "s:é:x", `s:${"a".repeat(129)}:x`])
      expect(keys.userOfSession(key)).toBeUndefined();
  });

  test.each([
    ["sessionKey", "session"],
    ["sessionKey", "%s:%s"],
    ["sessionKey", ""],
    ["partyKey", "party"],
    // Redis hashes all of such a key, braces included; a tag of ours could not say the same.
    ["sessionKey", "{}:%s"],
    ["sessionKey", "}%s"],
    ["sessionKey", "s{%s"],
    ["keyPrefix", "{presence}:"],
  ])("a template that cannot be used is refused by name: %s %s", (field, template) => {
    expect(() => keysOf({ [field]: template })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", violations: [expect.objectContaining({ field })] }),
    );
  });

  test("users spread over the partitions", () => {
    const keys = keysOf();
    const counts = new Array<number>(duePartitions).fill(0);
    for (let index = 0; index < 64_000; index++) {
      const partition = keys.partitionOf(parseUserId(`user:${index}`));
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(500);
    expect(Math.max(...counts)).toBeLessThan(2_000);
  });
});
