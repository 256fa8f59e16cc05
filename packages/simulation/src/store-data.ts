import {
  type DueClaim,
  longAgo,
  type Millis,
  type Moment,
  millis,
  PresenceError,
  type PresencePolicy,
  type PresenceRecord,
  type UserId,
  type WatchClock,
} from "@presence/domain";
import { type MemoryAdapter, memoryAdapter } from "@presence/memory-adapter";
import type { ClockRule } from "./clock-rule.ts";

/** What the store keeps of the watch clock: a value, replaced as a whole. */
interface ClockHash {
  readonly clock: WatchClock;
  /** The run of the store that wrote it. */
  readonly run: number;
  /** Each server's own last tick. */
  readonly servers: ReadonlyMap<string, Millis>;
}

type Write = (adapter: MemoryAdapter) => unknown;

interface Written<Entry> {
  readonly at: number;
  readonly entry: Entry;
}

export interface StoreDataParts {
  readonly policy: PresencePolicy;
  readonly rule: ClockRule;
  readonly now: () => number;
}

/**
 * Everything that the store holds, with a journal of all writes: played again up to an instant, it is the store as it was
 * then, records, due entries, sessions and clock.
 */
export class StoreData {
  readonly #policy: PresencePolicy;
  readonly #rule: ClockRule;
  readonly #now: () => number;
  #writes: Written<Write>[] = [];
  #clocks: Written<ClockHash>[] = [];
  #run = 0;
  #replaying: number | undefined;
  #adapter: MemoryAdapter;

  constructor({ policy, rule, now }: StoreDataParts) {
    this.#policy = policy;
    this.#rule = rule;
    this.#now = now;
    this.#adapter = this.#empty();
  }

  /** To read from. */
  get adapter(): MemoryAdapter {
    return this.#adapter;
  }

  /** The store's own time, in whole milliseconds. */
  get now(): Millis {
    return millis(this.#now());
  }

  /** The time, and the window, as whoever ticked last left it. */
  get moment(): Moment {
    const clock = this.#clocks.at(-1)?.entry.clock;
    return { now: this.now, aheadMs: 0, window: clock?.window, blindUntil: clock?.blindUntil ?? longAgo, lostAt: clock?.lostAt ?? longAgo };
  }

  async records(userIds: readonly UserId[]): Promise<readonly PresenceRecord[]> {
    const { entries } = await this.#adapter.store.load(userIds);
    return entries.map((entry) => {
      if (entry instanceof PresenceError) throw entry;
      return entry;
    });
  }

  /** Carries out `write`, now and whenever the store comes back with it. */
  write<Result>(write: (adapter: MemoryAdapter) => Result): Result {
    this.#keep(write);
    return write(this.#adapter);
  }

  /** Claims users that are due. */
  async claimDue(limit: number): Promise<DueClaim> {
    const claim = await this.#adapter.store.claimDue(limit);
    // Most find nobody, and leave nothing to come back with.
    if (claim.userIds.length > 0) this.#keep((adapter) => adapter.store.claimDue(limit));
    return claim;
  }

  /** What the script of a tick does. */
  tick(server: string, acknowledged: Millis | undefined): Moment {
    const before = this.#clocks.at(-1)?.entry;
    const { leaseTtlMs, heartbeatIntervalMs } = this.#policy;
    const kept = acknowledged !== undefined && (before?.servers.get(server) ?? 0) >= acknowledged;
    const otherRun = before !== undefined && before.run !== this.#run;
    const clock = this.#rule.advance(
      before?.clock,
      this.now,
      { tick: acknowledged, kept, otherRun },
      {
        gapMs: this.#rule.gapMs(this.#policy),
        leaseTtlMs,
        heartbeatIntervalMs,
      },
    );
    this.#clocks.push({ at: this.#now(), entry: { clock, run: this.#run, servers: new Map(before?.servers).set(server, clock.tick) } });
    return { now: clock.tick, aheadMs: 0, window: clock.window, blindUntil: clock.blindUntil, lostAt: clock.lostAt };
  }

  /** The store has begun anew. */
  restarted(): void {
    this.#run++;
  }

  /** Forgets whatever was written after `instant`, and tells whether that was anything. */
  goBackTo(instant: number): boolean {
    const clocks = this.#clocks.filter(({ at }) => at <= instant);
    const writes = this.#writes.filter(({ at }) => at <= instant);
    if (clocks.length === this.#clocks.length && writes.length === this.#writes.length) return false;
    this.#clocks = clocks;
    this.#writes = writes;
    this.#replaying = Number.NEGATIVE_INFINITY;
    this.#adapter = this.#empty();
    for (const { at, entry } of writes) {
      this.#replaying = at;
      entry(this.#adapter);
    }
    this.#replaying = undefined;
    return true;
  }

  #keep(write: Write): void {
    this.#writes.push({ at: this.#now(), entry: write });
  }

  #empty(): MemoryAdapter {
    return memoryAdapter({ policy: this.#policy, now: () => this.#replaying ?? this.#now() });
  }
}
