import { earliest, latest, longAgo, type Millis, never } from "../time.ts";

/** A span of a server's run of which lines are missing. */
export interface MissingLines {
  readonly server: string;
  readonly from: Millis;
  readonly until: Millis;
}

/** Lines without a gap between them. */
interface Stretch {
  readonly first: number;
  last: number;
  from: Millis;
  until: Millis;
}

/** From a server's first line to its last. */
export class ServerRun {
  readonly server: string;
  clockEveryMs = 0;
  ended = false;
  /** It is over, whether or not it said so: another run went on in its file. */
  over = false;
  readonly #stretches: Stretch[] = [];

  constructor(server: string) {
    this.server = server;
  }

  /** By the store's time; `never` where no line tells one. */
  get from(): Millis {
    return this.#stretches.reduce((first, { from }) => earliest(first, from), never);
  }

  get until(): Millis {
    return this.#stretches.reduce((last, { until }) => latest(last, until), longAgo);
  }

  /** @param at undefined for a line that tells no time */
  add(n: number, at: Millis | undefined): void {
    const current = this.#stretches.at(-1);
    const stretch = current !== undefined && n === current.last + 1 ? current : { first: n, last: n, from: never, until: longAgo };
    if (stretch !== current) this.#stretches.push(stretch);
    stretch.last = n;
    if (at === undefined) return;
    stretch.from = earliest(stretch.from, at);
    stretch.until = latest(stretch.until, at);
  }

  /** Where lines are missing in the middle: files may come in any order, and twice. */
  missing(): readonly MissingLines[] {
    const found: MissingLines[] = [];
    const sorted = this.#stretches.toSorted((a, b) => a.first - b.first);
    // What was before the first line is in an earlier file, or lost.
    let last = 0;
    let from = longAgo;
    for (const [index, stretch] of sorted.entries()) {
      // The next line that tells a time: a file may begin with one that tells none.
      const next = sorted.slice(index).find((later) => later.from !== never);
      if (stretch.first > last + 1) found.push({ server: this.server, from, until: next?.from ?? never });
      last = Math.max(last, stretch.last);
      from = latest(from, stretch.until);
    }
    return found;
  }
}
