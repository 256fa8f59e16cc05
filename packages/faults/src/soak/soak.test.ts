import { expect, test } from "vitest";
import { shortTiming } from "../timing.ts";
import { Random } from "./random.ts";
import { soak } from "./soak.ts";
import { markdownSummary } from "./summary.ts";

test("the same seed draws the same", () => {
  const draws = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 5 }, () => random.next());
  };
  expect(draws(7)).toEqual(draws(7));
  expect(draws(7)).not.toEqual(draws(8));
  expect(draws(7).every((draw) => draw >= 0 && draw < 1)).toBe(true);
});

test("whatever is drawn, nobody is lied to", { timeout: 120_000 }, async () => {
  const seed = 20;
  const checkpoints = await soak({ timing: shortTiming, durationMs: 10_000, seed, faultsForMs: 10_000 });
  console.log(markdownSummary({ seed, tookMs: checkpoints.at(-1)?.atMs ?? 0, checkpoints, failure: undefined }));
  expect(checkpoints.flatMap(({ lies }) => lies)).toEqual([]);
});
