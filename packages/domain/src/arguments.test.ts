import { describe, expect, test } from "vitest";
import { checkBatch, checkExpiresIn, checkIdleFor, checkMessage, maxExpiresInMs } from "./arguments.ts";
import { PresenceError } from "./errors.ts";
import { parseDeviceId, parsePartyId, parseUserId } from "./ids.ts";
import { defaultPolicy, presencePolicy, watchGapMs } from "./policy.ts";

function fieldOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof PresenceError && error.code === "INVALID_ARGUMENT") return error.violations.map(({ field }) => field).join();
    throw error;
  }
  return "";
}

describe("ids", () => {
  test.each(["a", "x".repeat(128), "A-Z.a_z:0@9~+|/=", "0"])("%s is one", (id) => {
    expect(parseUserId(id)).toBe(id);
  });

  test.each(["", "x".repeat(129), "a b", "a\n", "ä", "{a}", "a\u0000", "a*"])("%j is none, and the field is named", (id) => {
    expect(fieldOf(() => parseUserId(id, "user_ids[3]"))).toBe("user_ids[3]");
    expect(fieldOf(() => parseDeviceId(id))).toBe("device_id");
    expect(fieldOf(() => parsePartyId(id))).toBe("party_id");
  });
});

describe("durations", () => {
  test.each([undefined, 1, 0.5, maxExpiresInMs])("expires_in may be %s", (value) => expect(fieldOf(() => checkExpiresIn(value))).toBe(""));
  test.each([0, -1, Number.NaN, maxExpiresInMs + 1, Number.POSITIVE_INFINITY])("expires_in may not be %s", (value) => {
    expect(fieldOf(() => checkExpiresIn(value))).toBe("expires_in");
  });
  test.each([undefined, 0, 1, 1e12])("idle_for may be %s", (value) => expect(fieldOf(() => checkIdleFor(value))).toBe(""));
  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("idle_for may not be %s", (value) => {
    expect(fieldOf(() => checkIdleFor(value, "heartbeats[2].idle_for"))).toBe("heartbeats[2].idle_for");
  });
});

describe("messages", () => {
  test.each(["", "on call", "x".repeat(280), "🙂".repeat(280), "שלום"])("%j is one", (value) =>
    expect(fieldOf(() => checkMessage(value))).toBe(""),
  );
  test.each(["x".repeat(281), "🙂".repeat(281), "a\nb", "\u001b[31m", "\u007f", "\u0085", "\ud800"])("%j is none", (value) => {
    expect(fieldOf(() => checkMessage(value))).toBe("message");
  });
});

test("a batch has 1,000 entries at most", () => {
  expect(fieldOf(() => checkBatch(1_000, "user_ids"))).toBe("");
  expect(fieldOf(() => checkBatch(1_001, "user_ids"))).toBe("user_ids");
});

describe("the policy", () => {
  test("has a lease of two minutes", () => expect(presencePolicy()).toEqual(defaultPolicy));
  test("needs three heartbeats in a lease", () => {
    expect(fieldOf(() => presencePolicy({ leaseTtlMs: 89_999 }))).toBe("leaseTtlMs");
    expect(presencePolicy({ leaseTtlMs: 90_000 }).leaseTtlMs).toBe(90_000);
  });
  test("has no grace longer than a lease", () => {
    expect(fieldOf(() => presencePolicy({ graceMs: 120_001 }))).toBe("graceMs");
    expect(presencePolicy({ graceMs: 120_000 }).graceMs).toBe(120_000);
  });
  test.each(["leaseTtlMs", "heartbeatIntervalMs", "idleAfterMs", "retentionMs"] as const)("needs a positive %s", (name) => {
    expect(fieldOf(() => presencePolicy({ [name]: 0 }))).toBe(name);
    expect(fieldOf(() => presencePolicy({ [name]: 1.5 }))).toBe(name);
  });
  test("watches within 5 s, or a quarter of a short lease", () => {
    expect(watchGapMs(defaultPolicy)).toBe(5_000);
    expect(watchGapMs(presencePolicy({ leaseTtlMs: 3_000, heartbeatIntervalMs: 1_000, graceMs: 0 }))).toBe(750);
  });
});
