import { describe, expect, test } from "vitest";
import { PresenceError } from "../errors.ts";
import { type PartyId, parsePartyId, parseUserId } from "../ids.ts";
import { AccessPolicy, type Act, mayKeepWatching } from "./access-policy.ts";
import { anyone, type Caller, parseRoles } from "./caller.ts";

const [alice, bob] = [parseUserId("alice"), parseUserId("bob")];
const [hers, other, none, broken] = ["hers", "other", "none", "broken"].map((id) => parsePartyId(id)) as [
  PartyId,
  PartyId,
  PartyId,
  PartyId,
];

const policy = new AccessPolicy({
  async isMember(partyId, userId) {
    if (partyId === broken) throw PresenceError.unavailable("no store", 500);
    return (partyId === hers && userId === alice) || (partyId !== none && userId === bob);
  },
});

const callers = {
  nobody: { userId: undefined, roles: new Set() },
  user: { userId: alice, roles: new Set() },
  service: { userId: undefined, roles: new Set(["service"]) },
  admin: { userId: bob, roles: new Set(["admin"]) },
  anyone,
} as const satisfies Record<string, Caller>;

const acts = {
  "write for alice": { kind: "write", userIds: [alice] },
  "write for alice and bob": { kind: "write", userIds: [alice, bob] },
  read: { kind: "read" },
  "a party of alice": { kind: "party", partyIds: [hers] },
  "a party of alice and another one": { kind: "party", partyIds: [hers, other] },
  "a party that is not there": { kind: "party", partyIds: [none] },
  operate: { kind: "operate" },
} as const satisfies Record<string, Act>;

const allowed: Record<keyof typeof acts, readonly (keyof typeof callers)[]> = {
  "write for alice": ["user", "service", "admin", "anyone"],
  "write for alice and bob": ["service", "admin", "anyone"],
  read: ["user", "service", "admin", "anyone"],
  "a party of alice": ["user", "service", "admin", "anyone"],
  "a party of alice and another one": ["service", "admin", "anyone"],
  "a party that is not there": ["service", "admin", "anyone"],
  operate: ["admin", "anyone"],
};

const refusal = (caller: Caller, act: Act) =>
  policy.require(caller, act).then(
    () => undefined,
    (error: PresenceError) => error,
  );

describe("who may do what", () => {
  for (const [what, act] of Object.entries(acts)) {
    test.each(Object.entries(callers))(`${what}, %s`, async (name, caller) => {
      const may = allowed[what as keyof typeof acts].includes(name as keyof typeof callers);
      expect((await refusal(caller, act))?.code).toBe(may ? undefined : "PERMISSION_DENIED");
    });
  }

  test("a party that is not his and one that is not there look the same", async () => {
    const words = await Promise.all(
      [other, none].map(async (partyId) => {
        const error = await refusal(callers.user, { kind: "party", partyIds: [partyId] });
        return [error?.code, error?.retryAfterMs, error?.message.replace(partyId, "…")];
      }),
    );
    expect(new Set(words.map((word) => JSON.stringify(word))).size).toBe(1);
  });

  test("what cannot be known is not allowed, and said to be unknown", async () => {
    expect((await refusal(callers.user, { kind: "party", partyIds: [broken] }))?.code).toBe("UNAVAILABLE");
  });

  test("who has left a party watches it no more, and who may act for anyone does", () => {
    expect([true, undefined, false].map((member) => mayKeepWatching(callers.user, member))).toEqual([true, true, false]);
    expect(mayKeepWatching(callers.service, false)).toBe(true);
  });
});

describe("roles", () => {
  test.each([
    ["admin", ["admin"]],
    ["player, admin", ["admin"]],
    ["service,admin player", ["service", "admin"]],
    ['["admin","player"]', ["admin"]],
    [' ["service"]', ["service"]],
    [["admin", 7, null], ["admin"]],
    ["administrator", []],
    ["Admin ADMIN sadmin", []],
    ["not-admin;admin2", []],
    ['["admin"', []],
    ['["ad', []],
    ['{"admin":true}', []],
    ["", []],
    [undefined, []],
    [{ admin: true }, []],
    [[["admin"]], []],
  ])("%j gives %j", (written, expected) => {
    expect([...parseRoles(written)]).toEqual(expected);
  });
});
