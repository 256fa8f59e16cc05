import { describe, expect, test } from "vitest";
import { playHistory } from "./history.ts";
import { mutations } from "./mutations.fixture.ts";
import { BrokenPromise } from "./truth.ts";

/** Most histories that one mutation may survive: several times what the most hidden one takes. */
const enough = 3_000;

describe("the simulation notices", () => {
  test.each(mutations)("$name", { timeout: 60_000 }, async ({ options, from = 1 }) => {
    for (let seed = from; seed < from + enough; seed++) {
      const broken = await playHistory(seed, options).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (broken === undefined) continue;
      expect(broken).toBeInstanceOf(BrokenPromise);
      return;
    }
    expect.fail(`${enough} histories did not notice it`);
  });
});
