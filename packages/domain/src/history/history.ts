import { type Explanation, explain } from "../explanation.ts";
import type { UserId } from "../ids.ts";
import { type PresencePolicy, watchGapMs } from "../policy.ts";
import { type PresenceRecord, unknownRecord } from "../record.ts";
import { aboveLost, settle } from "../settle.ts";
import { after, earliest, latest, longAgo, type Millis, never } from "../time.ts";
import type { Move } from "../transitions.ts";
import type { Moment } from "../watched-time.ts";
import { ClockTimeline } from "./clock-timeline.ts";
import type { MissingLines, ServerRun } from "./server-runs.ts";
import type { ClockLine } from "./trace-line.ts";
import { type UserLine, type UserState, UserTimeline } from "./user-timeline.ts";

/** Why an answer may be wrong. */
export type DoubtReason =
  /** A write of this user is not in the trace. */
  | "write-missing"
  /** A server dropped lines, or some are lost. */
  | "lines-missing"
  /** A server's trace stops without its end. */
  | "server-vanished"
  /** No server of this trace ran. */
  | "nobody-ran"
  /** No server reached the store, so nobody was told anything. */
  | "nobody-watched"
  /** The store lost writes, and nobody wrote down what it still had. */
  | "writes-lost"
  /** A server got no answer to a write. */
  | "outcome-unknown";

export interface Doubt {
  readonly reason: DoubtReason;
  readonly from: Millis;
  /** `never`: it does not end in this trace. */
  readonly until: Millis;
  readonly server: string | undefined;
}

/** The last move of a status, and who wrote it down; undefined: time alone had made it, and nobody had yet. */
export interface LastMove extends Move {
  readonly at: Millis;
  readonly server: string | undefined;
}

/** What a user's presence was. */
export interface Replayed {
  readonly kind: "answer";
  readonly moment: Moment;
  /** Without the session, which is not recorded; of a message only that there was one. */
  readonly explanation: Explanation;
  /** Undefined: it was before the trace began. */
  readonly lastMove: LastMove | undefined;
  /** None: the answer is certain. */
  readonly doubts: readonly Doubt[];
  /** OFFLINE was told nobody, until then; undefined: the answer was told to whoever asked. */
  readonly withheldUntil: Millis | undefined;
}

/** Why there is no answer. `from` and `until`: what the trace reaches, of that user where it is he of whom it tells too little. */
export interface Unreached {
  readonly kind: "unreached";
  readonly reason: "empty" | "outside" | "user-unknown" | "user-later";
  readonly from: Millis;
  readonly until: Millis;
}

export interface HistoryParts {
  readonly policy: PresencePolicy;
  readonly runs: readonly ServerRun[];
  readonly clocks: readonly ClockLine[];
  readonly lines: ReadonlyMap<UserId, readonly UserLine[]>;
  readonly missing: readonly MissingLines[];
  readonly unsure: ReadonlyMap<UserId, readonly { readonly from: Millis; readonly at: Millis; readonly server: string }[]>;
}

/** What servers recorded, ready to be asked. */
export class History {
  /** The first instant that it reaches; `never` where it is empty. */
  readonly from: Millis;
  /** The last one. */
  readonly until: Millis;
  readonly #parts: HistoryParts;
  readonly #clock: ClockTimeline;
  readonly #missing: readonly MissingLines[];
  readonly #timelines = new Map<UserId, UserTimeline>();

  constructor(parts: HistoryParts) {
    const { runs, clocks, policy } = parts;
    this.#parts = parts;
    this.#clock = new ClockTimeline(clocks, policy);
    this.#missing = [...parts.missing, ...runs.flatMap((run) => run.missing())];
    this.from = runs.reduce((first, run) => earliest(first, run.from), never);
    this.until = runs.reduce((last, run) => latest(last, run.until), longAgo);
  }

  /** Everyone of whom it tells anything. */
  get users(): readonly UserId[] {
    return [...this.#parts.lines.keys()];
  }

  /** What the presence of a user was at `at` by the store's time, and why. */
  explain(userId: UserId, at: Millis): Replayed | Unreached {
    const reach = { kind: "unreached", from: this.from, until: this.until } as const;
    if (this.from === never) return { ...reach, reason: "empty" };
    if (at < this.from || at > this.until) return { ...reach, reason: "outside" };
    const timeline = this.#timeline(userId);
    const index = timeline.indexAt(at);
    const [state, next] = [timeline.states[index], timeline.states[index + 1]];
    if (next === undefined && state === undefined) return { ...reach, reason: "user-unknown" };
    const moment = this.#clock.momentAt(at);
    const record = state === undefined ? (next?.first ? unknownRecord : undefined) : remembered(state, moment);
    if (record === undefined) return { ...reach, reason: "user-later", from: next?.at ?? never };
    const explanation = explain(userId, aboveLost(record, moment), moment, undefined);
    const withheld = explanation.presence.status === "OFFLINE" && at < moment.blindUntil;
    return {
      kind: "answer",
      moment,
      explanation,
      lastMove: lastMove(timeline, index, record, moment),
      doubts: this.#doubts(userId, at, timeline, index),
      withheldUntil: withheld ? moment.blindUntil : undefined,
    };
  }

  #timeline(userId: UserId): UserTimeline {
    let timeline = this.#timelines.get(userId);
    if (timeline === undefined) {
      timeline = new UserTimeline(this.#parts.lines.get(userId) ?? [], this.#clock.losses);
      this.#timelines.set(userId, timeline);
    }
    return timeline;
  }

  #doubts(userId: UserId, at: Millis, timeline: UserTimeline, index: number): readonly Doubt[] {
    const { runs, unsure, policy } = this.#parts;
    const state = timeline.states[index];
    /** All that was written up to then is in the record that was found. */
    const known = state?.complete ? state.at : longAgo;
    const gapMs = watchGapMs(policy);
    const next = timeline.states[index + 1]?.at ?? never;
    const doubts: Doubt[] = [];
    const doubt = (reason: DoubtReason, from: Millis, until: Millis, server?: string) => doubts.push({ reason, from, until, server });

    if (state !== undefined && (!state.complete || timeline.hasHoleAfter(index))) doubt("write-missing", state.at, next);
    for (const { server, from, until } of this.#missing) {
      // A line tells of what was decided up to a gap before.
      if (after(from, -gapMs) <= at && known <= after(until, gapMs)) doubt("lines-missing", from, until, server);
    }
    for (const { server, ended, over, until, clockEveryMs } of runs) {
      // A server learns the time before it writes anything: one that is over and tells none has written nothing.
      if (ended || (over && until === longAgo) || after(until, -gapMs) >= at) continue;
      // It may have written until its next line would have come, and what it sent last may have arrived a gap later.
      if (!over || known <= after(until, clockEveryMs + gapMs)) doubt("server-vanished", latest(until, this.from), never, server);
    }
    if (!runs.some((run) => run.from <= at && at <= run.until)) {
      doubt(
        "nobody-ran",
        lastBefore(runs, at),
        runs.reduce((first, { from }) => (from > at && from < first ? from : first), never),
      );
    }
    const pause = this.#clock.unwatchedAt(at);
    if (pause?.unwatchedFrom !== undefined) doubt("nobody-watched", pause.unwatchedFrom, pause.from);
    for (const loss of this.#clock.losses) if (known < loss && loss <= at) doubt("writes-lost", loss, next);
    for (const { from, at: givenUp, server } of unsure.get(userId) ?? []) {
      // The last time that its server had read, a decision no older than a gap, and as much until it is refused.
      if (from <= at && known <= after(givenUp, 2 * gapMs)) doubt("outcome-unknown", from, next, server);
    }
    return oneOfEach(doubts);
  }
}

/** In the order of time, and of the same reason and server the first: an outage makes the same doubt with every call. */
function oneOfEach(doubts: readonly Doubt[]): readonly Doubt[] {
  const sorted = doubts.toSorted((a, b) => a.from - b.from || (key(a) < key(b) ? -1 : 1));
  return sorted.filter((doubt, index) => sorted.findIndex((other) => key(other) === key(doubt)) === index);
}

function key({ reason, server = "" }: Doubt): string {
  return `${reason} ${server}`;
}

function lastBefore(runs: readonly ServerRun[], at: Millis): Millis {
  return runs.reduce((last, { until }) => (until < at && until > last ? until : last), longAgo);
}

/** The record, unless the store has forgotten it. */
function remembered({ record, keptUntil }: UserState, moment: Moment): PresenceRecord | undefined {
  if (record === undefined || moment.now < keptUntil) return record;
  return settle(record, moment).record.status === "OFFLINE" ? unknownRecord : record;
}

function lastMove(timeline: UserTimeline, index: number, record: PresenceRecord, moment: Moment): LastMove | undefined {
  const settled = settle(aboveLost(record, moment), moment);
  const byTime = settled.moves.at(-1);
  if (byTime !== undefined) return { ...byTime, at: settled.record.since, server: undefined };
  if (record === unknownRecord) return undefined;
  for (const { moves, record: written, server } of timeline.states.slice(0, index + 1).reverse()) {
    const move = moves.at(-1);
    if (move !== undefined) return { ...move, at: written?.since ?? record.since, server };
  }
  return undefined;
}
