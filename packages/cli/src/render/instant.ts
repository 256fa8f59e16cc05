import type { Doubt, DoubtReason, LastMove } from "@presence/domain/history";
import { pastTime } from "../duration.ts";
import type { Look } from "../look.ts";
import { printable } from "../printable.ts";
import { tabbed } from "./plain.ts";

/** What is told of an instant that is over, beside the explanation. */
export interface Instant {
  readonly at: Date;
  readonly lastMove: LastMove | undefined;
  readonly withheldUntil: Date | undefined;
  /** None: the answer is certain. */
  readonly doubts: readonly Doubt[];
}

const doubtWords = {
  "write-missing": ({ from }) => `a change of this user after ${iso(from)} is not in the trace: give the traces of all servers`,
  "lines-missing": ({ server, from, until }) => `lines of server ${server} are missing from ${iso(from)} to ${iso(until)}`,
  "server-vanished": ({ server, from }) =>
    `the trace of server ${server} stops at ${iso(from)} without an end, so what it did since is missing, if it did anything`,
  "nobody-ran": ({ from, until }) => `no server of this trace ran from ${iso(from)} to ${iso(until)}`,
  "nobody-watched": ({ from, until }) => `no server reached the store from ${iso(from)} to ${iso(until)}, so nobody was told anything`,
  "writes-lost": ({ from }) => `the store lost writes, as was noticed at ${iso(from)}, and what it still had of this user is not recorded`,
  "outcome-unknown": ({ server, from }) =>
    `server ${server} got no answer to a change of this user soon after ${iso(from)}: it was made, or it was not`,
} as const satisfies Record<DoubtReason, (doubt: Doubt) => string>;

export function jsonInstant({ at, lastMove, withheldUntil, doubts }: Instant) {
  return {
    at,
    lastMove: lastMove === undefined ? null : { ...lastMove, at: new Date(lastMove.at), server: lastMove.server ?? null },
    withheldUntil: withheldUntil ?? null,
    certain: doubts.length === 0,
    doubts: doubts.map((doubt) => ({
      reason: doubt.reason,
      from: dateOf(doubt.from) ?? null,
      until: dateOf(doubt.until) ?? null,
      server: doubt.server ?? null,
      because: doubtWords[doubt.reason](doubt),
    })),
  };
}

export function plainInstant({ at, lastMove, withheldUntil, doubts }: Instant): readonly string[] {
  return [
    tabbed("at", at),
    lastMove === undefined
      ? tabbed("moved", undefined)
      : tabbed("moved", new Date(lastMove.at), lastMove.from, lastMove.to, lastMove.cause, lastMove.server),
    tabbed("withheld", withheldUntil),
    ...doubts.map((doubt) => tabbed("doubt", doubt.reason, doubtWords[doubt.reason](doubt))),
  ];
}

export function tableInstant(
  { at, lastMove, withheldUntil, doubts }: Instant,
  { colors, now }: Look,
): readonly (readonly [string, string])[] {
  const withheld = withheldUntil && `until ${withheldUntil.toISOString()}: writes may have been lost, so OFFLINE was told nobody`;
  return [
    ["at", at.toISOString()],
    ["moved", lastMove === undefined ? "before the trace began" : movedFact(lastMove, now)],
    ...(withheld === undefined ? [] : [["withheld", withheld] as const]),
    ...doubts.map((doubt) => ["doubtful", colors.yellow(printable(doubtWords[doubt.reason](doubt)))] as const),
  ];
}

function movedFact({ from, to, cause, at, server }: LastMove, now: Date): string {
  const by = server === undefined ? "by time, which nobody had written down yet" : `written down by server ${printable(server)}`;
  return `${from} to ${to} by ${cause}, ${pastTime(new Date(at), now)}; ${by}`;
}

function iso(at: number): string {
  return dateOf(at)?.toISOString() ?? "its end";
}

function dateOf(at: number): Date | undefined {
  return Number.isFinite(at) ? new Date(at) : undefined;
}
