import { expect } from "vitest";
import { playHistory } from "./history.ts";

/** How many histories there are in all, and how many files share them: a file runs on one core. */
const histories = 10_000;
const files = 2;
/** So often the event loop gets its turn; histories themselves never wait for it. */
const historiesPerTurn = 100;

/** Plays one file's share of the histories. Which seeds it plays, the file's number says. */
export async function playShare(file: number): Promise<void> {
  const sum = { histories: 0, steps: 0, commits: 0, told: 0 };
  const began = performance.now();
  for (let seed = file; seed <= histories; seed += files) {
    const { steps, commits, told } = await playHistory(seed);
    sum.histories++;
    sum.steps += steps;
    sum.commits += commits;
    sum.told += told;
    if (sum.histories % historiesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - began) / 1_000;
  console.info(
    `${sum.histories} histories, ${sum.steps} steps, ${sum.commits} commits, ${sum.told} presences told: ${seconds.toFixed(1)} s`,
  );
  // A world in which nothing happens would keep every promise.
  expect(sum.commits).toBeGreaterThan(30 * sum.histories);
  expect(sum.told).toBeGreaterThan(100 * sum.histories);
}
