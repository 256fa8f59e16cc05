import type { Lie } from "../lie.ts";
import type { Timing } from "../timing.ts";

/** What one fault came to. */
export interface Outcome {
  readonly lies: readonly Lie[];
  /** Figures that a reader of the table wants, `recovered in 0.4 s`. */
  readonly figures: string;
}

/** One fault, and what must hold whatever it does. */
export interface Row {
  /** What the command line calls it. */
  readonly name: string;
  readonly fault: string;
  readonly target: string;
  /** Keeps all cores busy: its figures are its own only while nothing else runs. */
  readonly heavy?: true;
  play(timing: Timing): Promise<Outcome>;
}
