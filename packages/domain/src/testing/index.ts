/**
 * The contract kit: what every adapter must do. It needs no test runner:
 * `for (const rule of storeContract) test(rule.name, () => rule.run(createHarness));`
 */
export { AssertionError } from "./assertions.ts";
export type { ContractRule, EventRecorder, Harness, HarnessFactory, HarnessOptions, StoredSession } from "./harness.ts";
export { partyContract } from "./party-contract.ts";
export { sessionContract } from "./session-contract.ts";
export { storeContract } from "./store-contract.ts";
