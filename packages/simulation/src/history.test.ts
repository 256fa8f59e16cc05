import { describe, expect, test } from "vitest";
import { playHistory } from "./history.ts";

const histories = 2_000;

describe("the simulation", () => {
  test(`${histories} histories break no promise`, { timeout: 240_000 }, async () => {
    const sum = { steps: 0, commits: 0, told: 0 };
    for (let seed = 1; seed <= histories; seed++) {
      const { steps, commits, told } = await playHistory(seed);
      sum.steps += steps;
      sum.commits += commits;
      sum.told += told;
    }
    // A world in which nothing happens would keep every promise.
    expect(sum.commits).toBeGreaterThan(100 * histories);
  });

  test("the same seed is the same history", async () => {
    expect(await playHistory(7)).toEqual(await playHistory(7));
  });
});
