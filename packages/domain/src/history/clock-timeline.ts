import type { PresencePolicy } from "../policy.ts";
import { after, earliest, latest, longAgo, type Millis } from "../time.ts";
import type { Moment, Window } from "../watched-time.ts";
import type { ClockLine } from "./trace-line.ts";

/** The watch clock from one change to the next. */
interface ClockState {
  /** The tick that changed it. */
  readonly from: Millis;
  readonly window: Window | undefined;
  readonly blindUntil: Millis;
  readonly lostAt: Millis;
  /** Lost writes were noticed by it. */
  readonly lost: boolean;
  /** From then until `from` nobody watched, so nobody was told anything; undefined: somebody did. */
  readonly unwatchedFrom: Millis | undefined;
}

/** What the watch clock was at any instant, put together from what several servers saw of it. */
export class ClockTimeline {
  readonly #states: readonly ClockState[];

  constructor(lines: readonly ClockLine[], policy: PresencePolicy) {
    this.#states = statesOf(lines, policy);
  }

  /** When lost writes were noticed: what was written before may be gone. */
  get losses(): readonly Millis[] {
    return this.#states.flatMap(({ lost, lostAt }) => (lost ? [lostAt] : []));
  }

  /** The moment that a reader had at `at`. */
  momentAt(at: Millis): Moment {
    const unwatched = this.unwatchedAt(at);
    // A pause belongs to the window that it opened: what is told of it later goes by that.
    const state = unwatched !== undefined && !unwatched.lost ? unwatched : this.#states.findLast(({ from }) => from <= at);
    return { now: at, aheadMs: 0, window: state?.window, blindUntil: state?.blindUntil ?? longAgo, lostAt: state?.lostAt ?? longAgo };
  }

  /** The pause around `at` in which nobody watched, by the change that ended it. */
  unwatchedAt(at: Millis): ClockState | undefined {
    return this.#states.find(({ from, unwatchedFrom }) => unwatchedFrom !== undefined && at > unwatchedFrom && at < from);
  }
}

/** The ends of windows only grow, with every change: a line that says less is of a server that did not know yet. */
function statesOf(lines: readonly ClockLine[], { leaseTtlMs }: PresencePolicy): readonly ClockState[] {
  const states: ClockState[] = [];
  const sorted = lines.toSorted((a, b) => a.at - b.at);
  for (const { at, windows, blindUntil, lostAt } of sorted) {
    const last = states.at(-1);
    const window = windowOf(windows);
    if (window === undefined) {
      if (last === undefined) states.push({ from: at, window, blindUntil, lostAt, lost: false, unwatchedFrom: undefined });
      continue;
    }
    if (window.until <= (last?.window?.until ?? longAgo)) continue;
    // The tick itself: whoever wrote the line may have learned of it a little later.
    const from = earliest(at, after(window.until, -leaseTtlMs));
    const lost = lostAt > (last?.lostAt ?? longAgo);
    const mayBeginEarlier = lost || window.from === last?.window?.from;
    states.push({ from, window, blindUntil, lostAt, lost, unwatchedFrom: unwatchedFrom(window, from, mayBeginEarlier, sorted) });
  }
  return states;
}

/** A window that goes on, or that follows a loss, may begin before the pause did. */
function unwatchedFrom(window: Window, tick: Millis, mayBeEarlier: boolean, sorted: readonly ClockLine[]): Millis {
  const seen = mayBeEarlier ? sorted.findLast(({ at }) => at < tick)?.at : undefined;
  return latest(window.from, seen ?? longAgo);
}

function windowOf([newest, ...earlier]: ClockLine["windows"]): Window | undefined {
  if (newest === undefined) return undefined;
  const [from, until] = newest;
  return { from, until, before: windowOf(earlier) };
}
