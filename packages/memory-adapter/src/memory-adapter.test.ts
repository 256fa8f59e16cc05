import { partyContract, sessionContract, storeContract } from "@presence/domain/testing";
import { describe, test } from "vitest";
import { memoryHarness } from "./memory-harness.fixture.ts";

describe.each([
  { port: "store", contract: storeContract },
  { port: "session directory", contract: sessionContract },
  { port: "party directory", contract: partyContract },
])("the memory $port", ({ contract }) => {
  for (const rule of contract) test(rule.name, () => rule.run(memoryHarness));
});
