import type { ContractRule, Harness, HarnessOptions } from "./harness.ts";

const usual: HarnessOptions = { sessionTtl: "align" };

/** A rule over a fresh harness, which is closed whatever happens. */
export function rule(name: string, check: (harness: Harness) => Promise<void>, options: Partial<HarnessOptions> = {}): ContractRule {
  return {
    name,
    async run(create) {
      const harness = await create({ ...usual, ...options });
      try {
        await check(harness);
      } finally {
        await harness.close();
      }
    },
  };
}
