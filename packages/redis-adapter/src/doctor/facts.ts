import type { Millis, PresenceRecord, SessionTtlPolicy, UserId, Window } from "@presence/domain";

/** What Redis told, or why it did not: managed services refuse commands such as CONFIG. */
export type Answer<Value> = { readonly known: Value } | { readonly refused: string };

/** What one server is like. */
export interface Basics {
  /** The lines of INFO. */
  readonly info: Answer<ReadonlyMap<string, string>>;
  /** `notify-keyspace-events`. */
  readonly notificationFlags: Answer<string>;
  /** `save`: empty where no snapshots are made. */
  readonly snapshots: Answer<string>;
  readonly offset: Answer<ClockOffset>;
  /** Of a script that does nothing but ask for the time: round trips in milliseconds. */
  readonly scriptTimes: Answer<readonly number[]>;
  /** Runs of our scripts in the slow log. */
  readonly slowScripts: Answer<readonly SlowScript[]>;
}

/** What presence keeps there. */
export interface Contents {
  readonly due: Answer<DueFacts>;
  readonly sample: Answer<Sample>;
}

/** All that is known of a Redis before it is judged. */
export interface Facts extends Basics, Contents {
  /** Undefined: nobody has ever swept. */
  readonly clock: Answer<ClockFacts | undefined>;
}

/** One Redis, a master that sentinels watch over, or a cluster. */
export type Topology = "one" | "sentinel" | "cluster";

/** What the facts are judged by: the settings of the servers. */
export interface Expectations {
  readonly leaseTtlMs: number;
  /** Longest pause between two sweeps. */
  readonly gapMs: number;
  readonly sessionTtl: SessionTtlPolicy;
  /** Template; `%s` is the user id. */
  readonly sessionKey: string;
  readonly keyPrefix: string;
  readonly topology: Topology;
}

export interface ClockOffset {
  /** How far Redis is ahead of this machine, in milliseconds; negative: behind. */
  readonly offsetMs: number;
  /** The answer may have taken that long to come. */
  readonly roundTripMs: number;
}

export interface SlowScript {
  readonly tookMs: number;
  readonly agoMs: number;
}

/** The watch clock beside the time of Redis. */
export interface ClockFacts {
  readonly now: Millis;
  /** The last sweep of anyone. */
  readonly tick: Millis;
  readonly window: Window | undefined;
  readonly blindUntil: Millis;
  /** When lost writes were noticed last; 0: never. */
  readonly lostAt: Millis;
  /** The last sweep of each server. */
  readonly serverTicks: readonly Millis[];
}

export interface DueFacts {
  readonly entries: number;
  readonly overdue: number;
  /** How late the oldest of them is, in milliseconds; 0 where none is. */
  readonly lagMs: number;
  /** Entries that were looked up, and how many of their users have no record. */
  readonly checked: number;
  readonly withoutRecord: number;
}

/** Some users, drawn from the records and from the sessions. */
export interface Sample {
  readonly window: Window | undefined;
  readonly blindUntil: Millis;
  /** Keys that look like records, and how many of them belong to another session template. */
  readonly records: number;
  readonly strangers: number;
  readonly users: readonly UserFacts[];
  /** What other servers hold some of: with none of it, this one has just got no share of the few that there are. */
  readonly othersHold: { readonly records: boolean; readonly sessions: boolean };
}

export type RecordFacts =
  | { readonly kind: "readable"; readonly record: PresenceRecord; readonly expires: boolean }
  | { readonly kind: "unknown-format" }
  | { readonly kind: "damaged" };

export interface SessionFacts {
  /** As TYPE tells it. */
  readonly type: string;
  /** Undefined: it has no expiration. */
  readonly ttlMs: number | undefined;
  readonly status: string | undefined;
  readonly fields: number;
}

/** What belongs to one user, read at `at` by the clock of Redis. */
export interface UserFacts {
  readonly userId: UserId;
  readonly at: Millis;
  /** Undefined: there is none. */
  readonly record: RecordFacts | undefined;
  /** When a sweep looks at him next; undefined: never. */
  readonly dueAt: Millis | undefined;
  /** A sweep is looking at him now. */
  readonly claimed: boolean;
  /** Undefined: there is none. */
  readonly session: SessionFacts | undefined;
}
