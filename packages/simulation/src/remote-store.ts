import {
  type Commit,
  type CommitResult,
  type DueClaim,
  type DueOutcome,
  type Loaded,
  PresenceError,
  type PresenceRecord,
  type PresenceStore,
  type RecordPage,
  type RecordWithSession,
  type Renewal,
  type RenewalResult,
  type UserId,
} from "@presence/domain";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface RemoteStoreParts {
  readonly store: PresenceStore;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** What somebody reads is what others could see then. */
  readonly onLoaded: (userIds: readonly UserId[], loaded: Loaded<PresenceRecord>) => void;
  readonly onCommitted: (commit: Commit) => void;
}

/** A way to the one store, as a server has it: calls take time, and may fail although they are carried out. */
export class RemoteStore implements PresenceStore {
  readonly name = "simulated";
  readonly #store: PresenceStore;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #onLoaded: (userIds: readonly UserId[], loaded: Loaded<PresenceRecord>) => void;
  readonly #onCommitted: (commit: Commit) => void;
  /** The way is cut: nothing arrives. */
  cut = false;
  #reliable = false;

  constructor({ store, scheduler, random, onLoaded, onCommitted }: RemoteStoreParts) {
    this.#store = store;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#onLoaded = onLoaded;
    this.#onCommitted = onCommitted;
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.cut = false;
    this.#reliable = true;
  }

  load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord>> {
    return this.#call(async () => {
      const loaded = await this.#store.load(userIds);
      this.#onLoaded(userIds, loaded);
      return loaded;
    });
  }

  loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession>> {
    return this.#call(() => this.#store.loadForChange(userIds));
  }

  commit(commits: readonly Commit[]): Promise<readonly CommitResult[]> {
    return this.#call(async () => {
      const results = await this.#store.commit(commits);
      for (const [index, commit] of commits.entries()) if (results[index] === "committed") this.#onCommitted(commit);
      return results;
    });
  }

  renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult>> {
    return this.#call(() => this.#store.renew(renewals));
  }

  claimDue(limit: number): Promise<DueClaim> {
    return this.#call(() => this.#store.claimDue(limit));
  }

  finishDue(outcomes: readonly DueOutcome[]): Promise<void> {
    return this.#call(() => this.#store.finishDue(outcomes));
  }

  scan(cursor: string | undefined, limit: number): Promise<RecordPage> {
    return this.#call(() => this.#store.scan(cursor, limit));
  }

  async #call<T>(carryOut: () => Promise<T>): Promise<T> {
    await this.#scheduler.sleep(this.#random.between(0, 3));
    if (this.cut) return this.#timeOut();
    const result = carryOut();
    // A command that timed out was carried out all the same.
    if (!this.#reliable && this.#random.oneIn(60)) return this.#timeOut();
    const value = await result;
    await this.#scheduler.sleep(this.#random.between(0, 3));
    return this.cut ? this.#timeOut() : value;
  }

  async #timeOut(): Promise<never> {
    await this.#scheduler.sleep(this.#random.between(1, 500));
    throw PresenceError.unavailable("the store did not answer", 100);
  }
}
