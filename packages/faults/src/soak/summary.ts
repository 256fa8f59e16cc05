import { seconds } from "../figures.ts";
import { countLies } from "../lie.ts";
import type { Checkpoint } from "./soak.ts";

export interface SoakRun {
  readonly seed: number;
  readonly tookMs: number;
  readonly checkpoints: readonly Checkpoint[];
  /** Why it ended early, if it did. */
  readonly failure: string | undefined;
}

/** The result of a run in Markdown. */
export function markdownSummary({ seed, tookMs, checkpoints, failure }: SoakRun): string {
  const counts = new Map<string, number>();
  for (const fault of checkpoints.flatMap(({ faults }) => faults)) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  const faults = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([fault, count]) => `${fault} ${count}`);
  const sum = (of: (checkpoint: Checkpoint) => number) => checkpoints.reduce((total, checkpoint) => total + of(checkpoint), 0);
  const lies = Object.entries(countLies(checkpoints.flatMap((checkpoint) => checkpoint.lies)));
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  const verdict = failure !== undefined ? `failed: ${failure.split("\n")[0]}` : lies.every(([, count]) => count === 0) ? "held" : "BROKEN";
  return [
    `- **${verdict}** after ${seconds(tookMs)} with seed ${seed}, ${checkpoints.length} times at rest; lies: ${lies.map(([promise, count]) => `${promise} ${count}`).join(", ")}`,
    `- ${sum(({ faults: made }) => made.length)} faults: ${faults.join(", ")}`,
    `- ${sum(({ calls }) => calls)} calls, of which ${sum(({ refused }) => refused)} were refused while a fault lasted`,
    ...(first === undefined || last === undefined ? [] : [`- at the first rest: ${usageLine(first)}; at the last: ${usageLine(last)}`]),
    "",
  ].join("\n");
}

/** Memory and handles of each server. */
export function usageLine({ servers }: Checkpoint): string {
  const rss = servers.map(({ rssBytes }) => (rssBytes === undefined ? "?" : (rssBytes / 1024 / 1024).toFixed(0)));
  return `servers hold ${rss.join(", ")} MB and ${servers.map(({ handles }) => handles ?? "?").join(", ")} handles`;
}
