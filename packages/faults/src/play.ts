import type { Row } from "./rows/row.ts";
import type { Played } from "./table.ts";
import type { Timing } from "./timing.ts";

export interface PlayOptions {
  readonly timing: Timing;
  /** How many rows at once: most of a row is waiting. Of the heavy ones only one at a time. */
  readonly atOnce: number;
  /** Heavy rows wait until all others are over, for figures that count; or else until all others have begun. */
  readonly heavyAlone: boolean;
  readonly onStart?: (row: Row) => void;
  readonly onEnd?: (played: Played) => void;
}

/** Plays each row, and never fails: a row that does is part of the result. Results in order. */
export async function playRows(rows: readonly Row[], options: PlayOptions): Promise<readonly Played[]> {
  const played: Played[] = [];
  const work = async (waiting: [number, Row][]) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) played[next[0]] = await playRow(next[1], options);
  };
  const all = [...rows.entries()];
  const light = all.filter(([, row]) => row.heavy !== true);
  const heavy = all.filter((one) => !light.includes(one));
  const lanes = Array.from({ length: options.atOnce }, () => work(light));
  // The first lane that ends has found nothing left to begin.
  await (options.heavyAlone ? Promise.all(lanes) : Promise.race(lanes));
  await Promise.all([...lanes, work(heavy)]);
  return played;
}

async function playRow(row: Row, { timing, onStart, onEnd }: PlayOptions): Promise<Played> {
  onStart?.(row);
  const startedAt = performance.now();
  const outcome = await row.play(timing).catch((error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }));
  const one = { row, outcome, tookMs: performance.now() - startedAt };
  onEnd?.(one);
  return one;
}
