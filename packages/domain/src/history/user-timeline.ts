import type { PresenceRecord } from "../record.ts";
import { type Millis, never } from "../time.ts";
import type { Move } from "../transitions.ts";
import type { CommitLine, RecordLine, RenewLine } from "./trace-line.ts";
import { infinite, untraced } from "./traced-record.ts";

export type UserLine = { readonly server: string; readonly n: number } & (CommitLine | RecordLine | RenewLine);

/** A record from one write to the next. */
export interface UserState {
  readonly at: Millis;
  readonly revision: number;
  /** Undefined: the line tells too little. */
  readonly record: PresenceRecord | undefined;
  /** Each revision since the last whole record is there. */
  readonly complete: boolean;
  /** When the store forgets the record, if it is not kept anew. */
  readonly keptUntil: Millis;
  readonly moves: readonly Move[];
  readonly server: string;
  /** The store had no record before. */
  readonly first: boolean;
  /** Revisions begin anew with each life: after lost writes, and after a record was forgotten. */
  readonly life: number;
}

/** All that is recorded of one user, in the order in which it was written. */
export class UserTimeline {
  readonly states: readonly UserState[];

  /** @param losses when lost writes were noticed */
  constructor(lines: readonly UserLine[], losses: readonly Millis[]) {
    this.states = statesOf(lines, losses);
  }

  /** The last write that counts as of `at` or earlier; -1: none. */
  indexAt(at: Millis): number {
    return this.states.findLastIndex((state) => state.at <= at);
  }

  /** Whether a write that is not here came between the one at `index` and the next one. */
  hasHoleAfter(index: number): boolean {
    const [state, next] = [this.states[index], this.states[index + 1]];
    return state !== undefined && next !== undefined && next.life === state.life && next.revision !== state.revision + 1;
  }
}

function statesOf(lines: readonly UserLine[], losses: readonly Millis[]): readonly UserState[] {
  const ordered = lines.toSorted((a, b) => a.at - b.at).map((line) => ({ line, life: losses.filter((loss) => loss <= line.at).length }));
  // Times alone do not order writes: a server's clock may be a little behind what the store has stamped.
  const sorted = withNewLives(ordered).sort((a, b) => a.life - b.life || revisionOf(a.line) - revisionOf(b.line) || a.line.at - b.line.at);
  const states: UserState[] = [];
  for (const [index, { line, life }] of sorted.entries()) {
    const before = sorted[index - 1]?.line;
    if (before !== undefined && before.server === line.server && before.n === line.n) continue;
    const last = states.at(-1);
    states.push(stateAfter(last?.life === life ? last : undefined, line, life));
  }
  return states;
}

interface Lived {
  readonly line: UserLine;
  readonly life: number;
}

function withNewLives(ordered: readonly Lived[]): Lived[] {
  let lives = 0;
  const seen = new Set<string>();
  return ordered.map(({ line, life }, index) => {
    const origin = `${line.server} ${line.n}`;
    if (index > 0 && line.kind === "commit" && revisionOf(line) === 1 && !seen.has(origin)) lives++;
    if (line.kind === "commit" && revisionOf(line) === 1) seen.add(origin);
    return { line, life: life + lives };
  });
}

function stateAfter(last: UserState | undefined, line: UserLine, life: number): UserState {
  const { at, server } = line;
  const revision = revisionOf(line);
  const common = { at, revision, server, life };
  if (line.kind === "renew") {
    const record = last?.record && renewed(last.record, line);
    const complete = record !== undefined && last?.complete === true && revision === last.revision + 1;
    return { ...common, record, complete, keptUntil: last?.keptUntil ?? never, moves: [], first: false };
  }
  const record = untraced(line.record);
  const whole = { ...common, record, complete: record !== undefined };
  if (line.kind === "record") return { ...whole, keptUntil: last?.keptUntil ?? never, moves: [], first: false };
  return { ...whole, keptUntil: (at + line.keepForMs) as Millis, moves: line.moves, first: revision === 1 };
}

function renewed(record: PresenceRecord, { revision, device: id, leaseUntil, activeUntil, at }: RenewLine): PresenceRecord {
  const devices = record.devices.map((device) =>
    device.id === id ? { ...device, leaseUntil, activeUntil: infinite(activeUntil), lastSeen: at } : device,
  );
  return { ...record, revision, devices };
}

function revisionOf(line: UserLine): number {
  return line.kind === "renew" ? line.revision : line.record.revision;
}
