import type { PresenceError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import type { PresencePolicy } from "../policy.ts";
import type { Commit, CommitResult, Renewal, RenewalResult } from "../ports.ts";
import type { PresenceRecord } from "../record.ts";
import { earliest, latest, longAgo, type Millis, never } from "../time.ts";
import type { Moment } from "../watched-time.ts";
import { encodeLine, type TraceEvent } from "./trace-line.ts";
import { finite, traced } from "./traced-record.ts";

export interface TraceRecorderOptions {
  /** Names this run of this server among all whose traces may be read together. */
  readonly server: string;
  /** Takes one line without its end, or refuses it where there is no room: it never waits and never throws. */
  readonly sink: (line: string) => boolean;
  readonly policy: PresencePolicy;
  readonly version: string;
  readonly store: string;
  /** By the server's own clock, for people. */
  readonly startedAt: string;
  /** How often the clock is written down where it does not change; default 5 s. */
  readonly clockEveryMs?: number;
  /** Of so many users it is kept in mind which revision was written down last; default 100,000. */
  readonly rememberedUsers?: number;
}

/** Turns what a server sees of its store into the lines of a trace, in which no message texts and no secrets are. */
export class TraceRecorder {
  readonly #options: TraceRecorderOptions;
  readonly #clockEveryMs: number;
  readonly #rememberedUsers: number;
  /** The revision that the file ends with for each user: a renewal right after it needs no whole record. */
  readonly #written = new Map<UserId, number>();
  #lines = 0;
  #now: Millis = longAgo;
  #clock: Moment | undefined;
  #dropped: { count: number; from: Millis; until: Millis } | undefined;

  constructor(options: TraceRecorderOptions) {
    this.#options = options;
    this.#clockEveryMs = options.clockEveryMs ?? 5_000;
    this.#rememberedUsers = options.rememberedUsers ?? 100_000;
    this.#start();
  }

  /** A new file begins: it must tell something without the one before. */
  restart(): void {
    this.#written.clear();
    this.#start();
    if (this.#clock !== undefined) this.#writeClock({ ...this.#clock, now: this.#now });
  }

  /** The latest time that the store told. */
  get now(): Millis {
    return this.#now;
  }

  /** The store told the time. */
  saw(moment: Moment): void {
    if (moment.now > this.#now) this.#now = moment.now;
    const last = this.#clock;
    const changed =
      last === undefined ||
      moment.blindUntil !== last.blindUntil ||
      moment.lostAt !== last.lostAt ||
      moment.window?.until !== last.window?.until ||
      moment.window?.from !== last.window?.from;
    if (changed || moment.now - last.now >= this.#clockEveryMs) this.#writeClock(moment);
  }

  committed(commits: readonly Commit[], results: readonly (CommitResult | PresenceError)[]): void {
    const unsure: UserId[] = [];
    for (const [index, { userId, record, moves = [], keepForMs, decidedAt }] of commits.entries()) {
      const result = results[index];
      if (result === "committed") {
        const event = { kind: "commit", at: record.settledAt, user: userId, decidedAt, moves, keepForMs, record: traced(record) } as const;
        this.#writeOf(userId, record.revision, event);
      } else if (result !== "conflict" && result !== "stale") unsure.push(userId);
    }
    this.unsure(unsure, firstDecision(commits));
  }

  /** @param asked `now` before they were asked for */
  renewed(renewals: readonly Renewal[], results: readonly (RenewalResult | PresenceError)[], asked: Millis = this.#now): void {
    const unsure: UserId[] = [];
    for (const [index, { userId, deviceId }] of renewals.entries()) {
      const result = results[index];
      if (result === undefined || !("renewed" in result)) unsure.push(userId);
      else if (result.renewed) this.#renewed(userId, deviceId, result.record);
    }
    this.unsure(unsure, asked);
  }

  /** Nobody knows whether these users' records were written, at `from` or later. */
  unsure(users: readonly UserId[], from: Millis): void {
    if (users.length === 0) return;
    for (const userId of users) this.#written.delete(userId);
    this.#write({ kind: "unsure", from, at: this.#now, users });
  }

  /** The server ends. */
  end(): void {
    this.#write({ kind: "end", at: this.#now });
  }

  #start(): void {
    const { policy, version, store, startedAt } = this.#options;
    this.#write({ kind: "start", format: 1, startedAt, version, store, policy, clockEveryMs: this.#clockEveryMs });
  }

  #writeClock(moment: Moment): void {
    const { now, window, blindUntil, lostAt } = moment;
    this.#clock = moment;
    const windows: (readonly [Millis, Millis])[] = [];
    for (let one = window; one !== undefined; one = one.before) windows.push([one.from, one.until]);
    this.#write({ kind: "clock", at: now, windows, blindUntil, lostAt });
  }

  #renewed(user: UserId, deviceId: string, record: PresenceRecord): void {
    const device = record.devices.find(({ id }) => id === deviceId);
    if (device === undefined) return;
    const { lastSeen: at, leaseUntil, activeUntil } = device;
    const { revision } = record;
    const short = this.#written.get(user) === revision - 1;
    this.#writeOf(
      user,
      revision,
      short
        ? { kind: "renew", at, user, revision, device: deviceId, leaseUntil, activeUntil: finite(activeUntil) }
        : { kind: "record", at, user, record: traced(record) },
    );
  }

  #writeOf(userId: UserId, revision: number, event: TraceEvent): void {
    // Deleted first, so that whoever was written down longest ago is forgotten first.
    this.#written.delete(userId);
    if (!this.#write(event)) return;
    this.#written.set(userId, revision);
    if (this.#written.size <= this.#rememberedUsers) return;
    const [oldest] = this.#written.keys();
    if (oldest !== undefined) this.#written.delete(oldest);
  }

  #write(event: TraceEvent): boolean {
    const at = "at" in event ? event.at : this.#now;
    const begins = "from" in event ? event.from : at;
    const dropped = this.#dropped;
    if (dropped !== undefined) {
      const { count, from, until } = dropped;
      if (!this.#give({ kind: "dropped", count, from, at: until })) {
        dropped.count++;
        dropped.from = earliest(dropped.from, begins);
        dropped.until = latest(dropped.until, at);
        return false;
      }
      this.#dropped = undefined;
    }
    if (this.#give(event)) return true;
    this.#dropped = { count: 1, from: begins, until: at };
    // What follows must not build on what is missing.
    this.#written.clear();
    return false;
  }

  #give(event: TraceEvent): boolean {
    if (!this.#options.sink(encodeLine(this.#options.server, this.#lines + 1, event))) return false;
    this.#lines++;
    return true;
  }
}

/** A write whose answer never came counts from when it was decided, not from when nobody waited any more. */
export function firstDecision(commits: readonly Commit[]): Millis {
  return commits.reduce((first, { decidedAt }) => earliest(first, decidedAt), never);
}
