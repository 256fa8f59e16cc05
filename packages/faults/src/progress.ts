import { seconds } from "./figures.ts";
import type { Row } from "./rows/row.ts";
import { type Played, verdictOf } from "./table.ts";

const everyMs = 1_000;
const mostLies = 10;

/** Where progress goes: a terminal is told each second what runs, anything else only what has ended. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Tells what runs and for how long, and a line for each row that has ended. */
export class Progress {
  readonly #output: ProgressOutput;
  readonly #rows: number;
  readonly #startedAt = performance.now();
  readonly #running = new Set<string>();
  readonly #timer: NodeJS.Timeout | undefined;
  #ended = 0;

  constructor(rows: number, output: ProgressOutput) {
    this.#rows = rows;
    this.#output = output;
    if (output.isTTY === true) this.#timer = setInterval(() => this.#show(), everyMs);
  }

  started({ name, fault }: Row): void {
    this.#running.add(name);
    if (this.#timer === undefined) this.#line(`… ${name}: ${fault}`);
    else this.#show();
  }

  ended(one: Played): void {
    const { row, outcome, tookMs } = one;
    this.#ended++;
    this.#running.delete(row.name);
    const held = verdictOf(one) === "held";
    this.#line(`${held ? "✓" : "✗"} ${row.name}, ${seconds(tookMs)}: ${held && "figures" in outcome ? outcome.figures : verdictOf(one)}`);
    if ("lies" in outcome) for (const { promise, what } of outcome.lies.slice(0, mostLies)) this.#line(`    ${promise}: ${what}`);
    this.#show();
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#timer !== undefined) this.#output.write("\r\u001b[K");
  }

  #line(text: string): void {
    this.#output.write(this.#timer === undefined ? `${text}\n` : `\r\u001b[K${text}\n`);
  }

  /** The last line of a terminal. */
  #show(): void {
    if (this.#timer === undefined) return;
    const text = `${seconds(performance.now() - this.#startedAt)}, ${this.#ended} of ${this.#rows} done; running: ${[...this.#running].join(", ")}`;
    this.#output.write(`\r\u001b[K${text.slice(0, (this.#output.columns ?? 80) - 1)}`);
  }
}
