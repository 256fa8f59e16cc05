import type { Row } from "./rows/row.ts";
import type { Played } from "./table.ts";
import type { Timing } from "./timing.ts";

export interface PlayOptions {
  readonly timing: Timing;
  /** How many rows at once: most of a row is waiting. */
  readonly atOnce: number;
  readonly onStart?: (row: Row) => void;
  readonly onEnd?: (played: Played) => void;
}

/** Plays each row, and never fails: a row that does is part of the result. Results in order. */
export async function playRows(rows: readonly Row[], { timing, atOnce, onStart, onEnd }: PlayOptions): Promise<readonly Played[]> {
  const played: Played[] = [];
  const waiting = [...rows.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, row] = next;
      onStart?.(row);
      const startedAt = performance.now();
      const outcome = await row
        .play(timing)
        .catch((error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }));
      const one = { row, outcome, tookMs: performance.now() - startedAt };
      played[index] = one;
      onEnd?.(one);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return played;
}
