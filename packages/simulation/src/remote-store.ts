import {
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  type Loaded,
  never,
  PresenceError,
  type PresencePolicy,
  type PresenceRecord,
  type PresenceStore,
  type RecordPage,
  type RecordWithSession,
  type Renewal,
  type RenewalResult,
  type UserId,
} from "@presence/domain";
import type { ClockRule } from "./clock-rule.ts";
import type { Link } from "./link.ts";
import type { ServerClock } from "./server-clock.ts";
import type { StoreData } from "./store-data.ts";

export interface RemoteStoreParts {
  readonly link: Link;
  readonly clock: ServerClock;
  readonly data: StoreData;
  readonly policy: PresencePolicy;
  readonly rule: ClockRule;
  /** What somebody reads is what others could see then. */
  readonly onLoaded: (userIds: readonly UserId[], loaded: Loaded<PresenceRecord | PresenceError>) => void;
  readonly onCommitted: (commit: Commit) => void;
}

/** The store as a server has it: the moments are those of its own clock, the scripts look at the store's. */
export class RemoteStore implements PresenceStore {
  readonly name = "simulated";
  readonly #parts: RemoteStoreParts;
  readonly #gapMs: number;

  constructor(parts: RemoteStoreParts) {
    this.#parts = parts;
    this.#gapMs = parts.rule.gapMs(parts.policy);
  }

  async load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord | PresenceError>> {
    const { clock, link, data, onLoaded } = this.#parts;
    const { moment, found } = await clock.reading(() => link.send(() => data.adapter.store.load(userIds)));
    const loaded = { moment, entries: found.entries };
    onLoaded(userIds, loaded);
    return loaded;
  }

  async loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession | PresenceError>> {
    const { clock, link, data } = this.#parts;
    const { moment, found } = await clock.reading(() => link.send(() => data.adapter.store.loadForChange(userIds)));
    return { moment, entries: found.entries };
  }

  async commit(commits: readonly Commit[]): Promise<readonly (CommitResult | PresenceError)[]> {
    const { clock, link } = this.#parts;
    // After a new connection the clock has to tell first what the store has lost.
    await clock.moment();
    const distrusted = commits.map(({ decidedAt }) => clock.isDistrusted(decidedAt));
    const carryOut = () => Promise.all(commits.map(async (commit, index) => (distrusted[index] ? "stale" : this.#commitOne(commit))));
    return link.send(carryOut, true);
  }

  async renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult | PresenceError>> {
    const { clock, link, data } = this.#parts;
    const moment = await clock.moment();
    const { entries } = await link.send(async (): Promise<Pick<Loaded<RenewalResult | PresenceError>, "entries">> => {
      if (!this.#isStale(moment.now)) return data.write((adapter) => adapter.store.renew(renewals));
      const loaded = await data.adapter.store.loadForChange(renewals.map(({ userId }) => userId));
      return { entries: loaded.entries.map((entry) => (entry instanceof PresenceError ? entry : { ...entry, renewed: false })) };
    });
    return { moment, entries };
  }

  async claimDue(limit: number): Promise<DueClaim> {
    const { clock, link, data } = this.#parts;
    const moment = await clock.tick();
    const { userIds, lagMs } = await link.send(() => data.claimDue(limit));
    return { moment, userIds, lagMs };
  }

  finishDue(outcomes: readonly DueOutcome[]): Promise<void> {
    const { link, data } = this.#parts;
    return link.send(() => data.write((adapter) => adapter.store.finishDue(outcomes)));
  }

  armDue(outcomes: readonly DueOutcome[]): Promise<void> {
    const { link, data } = this.#parts;
    return link.send(() => data.write((adapter) => adapter.store.armDue(outcomes)));
  }

  lead(): Promise<boolean> {
    const { link, data } = this.#parts;
    return link.send(() => data.adapter.store.lead());
  }

  async scan(cursor: string | undefined, limit: number): Promise<RecordPage> {
    const { clock, link, data } = this.#parts;
    const { moment, found } = await clock.reading(() => link.send(() => data.adapter.store.scan(cursor, limit)));
    return { ...found, moment };
  }

  async #commitOne(commit: Commit): Promise<CommitResult | PresenceError> {
    const { data, onCommitted, rule } = this.#parts;
    if (this.#isStale(commit.decidedAt) || (rule.checksCommitAge && data.now >= commit.staleFrom)) return "stale";
    // How old a decision may be was looked at here, by the rule that is being tried.
    const decided = { ...commit, decidedAt: data.now, staleFrom: never };
    const [result] = await data.write((adapter) => adapter.store.commit([decided]));
    if (result === undefined) throw new Error("no result of a commit");
    if (result === "committed") onCommitted(commit);
    return result;
  }

  #isStale(decidedAt: number): boolean {
    const { rule, data } = this.#parts;
    return rule.checksCommitAge && data.now - decidedAt > this.#gapMs;
  }
}
