import { performance } from "node:perf_hooks";

export type StatusName = "ONLINE" | "AWAY" | "DND" | "OFFLINE";

/** What a client was told of one user. */
export interface Told {
  readonly user: string;
  readonly status: StatusName;
  readonly version: bigint;
  /** Milliseconds since 1970; undefined: never seen. */
  readonly since: number | undefined;
}

/** One line of what a client wrote down. `at` is this machine's monotonic time in milliseconds. */
export type Entry = { readonly at: number } & (
  | { readonly kind: "alive"; readonly user: string; readonly sentAt: number }
  /** The user gives no sign of life any more, on purpose. */
  | { readonly kind: "silent"; readonly user: string }
  | { readonly kind: "opened"; readonly client: string }
  /** A watch ended; `code` is its gRPC status. */
  | { readonly kind: "closed"; readonly client: string; readonly code?: number }
  | { readonly kind: "stale" | "live"; readonly client: string }
  | ({ readonly kind: "snapshot" | "change"; readonly client: string } & Told)
  /** An answer. It may be as old as its question. */
  | ({ readonly kind: "read"; readonly client: string; readonly sentAt: number } & Told)
  /** A user means to be this, from another status, and tries until it is acknowledged. */
  | { readonly kind: "intent"; readonly user: string; readonly status: StatusName }
  /** A change of status was acknowledged. */
  | ({ readonly kind: "changed" } & Told)
  /** What the store holds once all has come to rest. */
  | ({ readonly kind: "rest" } & Told)
);

/** A line without its time. */
export type Line = Entry extends infer One ? (One extends Entry ? Omit<One, "at"> : never) : never;

/** Whether a client was told something of a user. */
export function isTold(entry: Entry): entry is Extract<Entry, { kind: "snapshot" | "change" | "read" }> {
  return entry.kind === "snapshot" || entry.kind === "change" || entry.kind === "read";
}

/** What all clients wrote down, in the order in which it happened to them. */
export class Recorder {
  #entries: Entry[] = [];

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  write(line: Line): void {
    this.#entries.push({ at: performance.now(), ...line } as Entry);
  }

  /** Forgets all but what `choose` keeps of it. */
  keep(choose: (entries: readonly Entry[]) => readonly Entry[]): void {
    this.#entries = [...choose(this.#entries)];
  }
}
