import type {
  Commit,
  CommitResult,
  DueClaim,
  DueOutcome,
  PartyDirectory,
  PresenceError,
  PresenceStore,
  Renewal,
  SessionDirectory,
  UserId,
} from "@presence/domain";

/** Does what `run` does, and sees how long it takes and how it ends. `operation` is one of a few names. */
export type Around = <Result>(operation: string, run: () => Promise<Result>) => Promise<Result>;

export interface StoreObserver {
  readonly around: Around;
  /** Called after commits, with a result for each. */
  readonly committed?: (commits: readonly Commit[], results: readonly (CommitResult | PresenceError)[]) => void;
  /** Called after each claim of users that are due. */
  readonly claimed?: (claim: DueClaim) => void;
}

/** The same store, with somebody who looks on. */
export function observedStore(store: PresenceStore, { around, committed, claimed }: StoreObserver): PresenceStore {
  return {
    name: store.name,
    load: (userIds: readonly UserId[]) => around("load", () => store.load(userIds)),
    loadForChange: (userIds: readonly UserId[]) => around("load_for_change", () => store.loadForChange(userIds)),
    async commit(commits: readonly Commit[]) {
      const results = await around("commit", () => store.commit(commits));
      committed?.(commits, results);
      return results;
    },
    renew: (renewals: readonly Renewal[]) => around("renew", () => store.renew(renewals)),
    async claimDue(limit: number) {
      const claim = await around("claim_due", () => store.claimDue(limit));
      claimed?.(claim);
      return claim;
    },
    finishDue: (outcomes: readonly DueOutcome[]) => around("finish_due", () => store.finishDue(outcomes)),
    armDue: (outcomes: readonly DueOutcome[]) => around("arm_due", () => store.armDue(outcomes)),
    lead: (task: string, forMs: number) => around("lead", () => store.lead(task, forMs)),
    scan: (cursor: string | undefined, limit: number) => around("scan", () => store.scan(cursor, limit)),
  };
}

/** The same sessions, with somebody who looks on. */
export function observedSessions(sessions: SessionDirectory, around: Around): SessionDirectory {
  return { find: (userId) => around("find_session", () => sessions.find(userId)) };
}

/** The same parties, with somebody who looks on. */
export function observedParties(parties: PartyDirectory, around: Around): PartyDirectory {
  return {
    members: (partyId) => around("party_members", () => parties.members(partyId)),
    isMember: (partyId, userId) => around("party_is_member", () => parties.isMember(partyId, userId)),
    follow: (partyId, changed) => parties.follow(partyId, changed),
  };
}
