import {
  AssertionError,
  type ContractRule,
  type HarnessFactory,
  partyContract,
  sessionContract,
  storeContract,
} from "@presence/domain/testing";
import { describe, expect, test } from "vitest";
import { brokenDeadlines } from "./broken-deadlines.fixture.ts";
import { brokenRecords } from "./broken-records.fixture.ts";
import { brokenRepairs } from "./broken-repairs.fixture.ts";
import { memoryHarness } from "./memory-harness.fixture.ts";

/** The rules that an adapter fails. */
async function failed(contract: readonly ContractRule[], create: HarnessFactory): Promise<readonly string[]> {
  const names: string[] = [];
  for (const rule of contract) {
    try {
      await rule.run(create);
    } catch (error) {
      expect(error, rule.name).toBeInstanceOf(AssertionError);
      names.push(rule.name);
    }
  }
  return names;
}

describe("the contract kit has teeth: it rejects an adapter that", () => {
  test.each(Object.entries({ ...brokenRecords, ...brokenDeadlines, ...brokenRepairs }))("%s", async (_, [sabotage, rule]) => {
    const create: HarnessFactory = (options) => {
      const harness = memoryHarness(options);
      return { ...harness, ...sabotage(harness) };
    };
    expect(await failed(storeContract, create)).toContain(rule);
  });

  test.each([
    ["finds a session for everyone", { find: async () => ({ sessionId: undefined, roles: undefined, ttlMs: undefined }) }],
    ["finds no session", { find: async () => undefined }],
  ])("%s", async (_, sessions) => {
    expect(await failed(sessionContract, (options) => ({ ...memoryHarness(options), sessions }))).not.toEqual([]);
  });

  test("lists parties of any size, whoever is in them", async () => {
    const create: HarnessFactory = (options) => {
      const harness = memoryHarness(options);
      const nobody = { members: async () => ({ userIds: [], invalid: 0 }), isMember: async () => false };
      const parties = { ...harness.parties, ...nobody, follow: () => () => {} };
      return { ...harness, parties };
    };
    expect((await failed(partyContract, create)).length).toBeGreaterThan(5);
  });
});

test("names of rules are unique, so that a failure is found", () => {
  for (const contract of [storeContract, sessionContract, partyContract]) {
    const names = contract.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});
