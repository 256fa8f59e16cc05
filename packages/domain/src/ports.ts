import type { PresenceError } from "./errors.ts";
import type { DeviceId, PartyId, UserId } from "./ids.ts";
import type { Presence } from "./presence.ts";
import type { PresenceRecord } from "./record.ts";
import type { Millis } from "./time.ts";
import type { Move } from "./transitions.ts";
import type { Moment } from "./watched-time.ts";

/** Records as they stood at `moment`, in the order asked for. A user never seen has the `unknownRecord`. */
export interface Loaded<Entry> {
  readonly moment: Moment;
  readonly entries: readonly Entry[];
}

/** A record and whether the auth service's session hash stood beside it. */
export interface RecordWithSession {
  readonly record: PresenceRecord;
  readonly session: boolean;
}

/** One decided write. All of it happens, or nothing. */
export interface Commit {
  readonly userId: UserId;
  /** The revision that was decided on, 0 for none: another one there is a conflict. */
  readonly expectedRevision: number;
  /** `revision` is `expectedRevision` + 1. */
  readonly record: PresenceRecord;
  /** Forget the record this many milliseconds from now. */
  readonly keepForMs: number;
  /** When a sweep must look at the record; undefined: an entry that is there already comes early enough, or none is needed. */
  readonly due: Millis | undefined;
  /** Whether a session hash was there; commit only if that is still so. */
  readonly session: boolean;
  /** The user gave a sign of life: the session's TTL follows the policy. */
  readonly signOfLife: boolean;
  /** What to tell watchers in the same step; undefined where nothing visible changed. */
  readonly event: Presence | undefined;
  /** The visible moves that it writes down, in order: for those who count them; a store has no use for them. */
  readonly moves?: readonly Move[];
  /** The `now` it was decided with: a store refuses what was decided longer than a watch gap ago. */
  readonly decidedAt: Millis;
  /**
   * When time alone changes what others see of the record that was decided on; `never` if it does not. From then on a store refuses the
   * write as stale: somebody may have been told that change already, and this write would take it back.
   */
  readonly staleFrom: Millis;
}

/**
 * `conflict`: the record or the session changed since. `stale`: decided too long ago. Both: nothing was written but
 * perhaps the due entry, which is a hint; load and decide again.
 */
export type CommitResult = "committed" | "conflict" | "stale";

/** A sign of life that is expected to change nothing visible. Durations in milliseconds from the store's now. */
export interface Renewal {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly leaseForMs: number;
  /** Undefined: leave activity alone. Not positive: the device is idle, and the renewal is declined. */
  readonly activeForMs: number | undefined;
  /** Renew only what this stream holds; undefined: whoever holds it. */
  readonly holder: string | undefined;
}

/** `renewed`: the deadlines were moved in place. Otherwise nothing was written, and the record is there to decide on. */
export interface RenewalResult extends RecordWithSession {
  readonly renewed: boolean;
}

/** Users whose due time has come, claimed for this caller until `finishDue` or a time-out. */
export interface DueClaim {
  readonly moment: Moment;
  readonly userIds: readonly UserId[];
  /** How late the oldest due entry is, in milliseconds; 0 if none is. */
  readonly lagMs: number;
}

/** What became of a user who was looked at. */
export interface DueOutcome {
  readonly userId: UserId;
  /** The next due time; undefined: none. */
  readonly due: Millis | undefined;
  /** Re-arms the record's own expiry, in milliseconds from now; undefined: leave it (it was just committed). */
  readonly keepForMs: number | undefined;
}

/** A page of users in no particular order. */
export interface RecordPage {
  readonly moment: Moment;
  readonly users: readonly { readonly userId: UserId; readonly record: PresenceRecord }[];
  /** Users of this page whose records cannot be read, each by an error that names him. */
  readonly unreadable: readonly PresenceError[];
  /** Opaque; undefined after the last page. */
  readonly next: string | undefined;
}

/**
 * Where records live. Every method fails with `UNAVAILABLE` when the store cannot answer in time or its clock cannot be
 * trusted; it never answers that somebody is absent because it cannot see.
 *
 * What is wrong with one user's data fails nobody else: where his record is there and cannot be read, because it is damaged
 * or a newer server wrote it, an `UNAVAILABLE` that names him stands in its place. It is never overwritten.
 */
export interface PresenceStore {
  /** What the operators' statistics call it: `memory`, `redis`. */
  readonly name: string;
  /** Records for an answer, with the clock to read them by. One round trip for any number of users. */
  load(userIds: readonly UserId[]): Promise<Loaded<PresenceRecord | PresenceError>>;
  /** Records for a decision. One round trip. */
  loadForChange(userIds: readonly UserId[]): Promise<Loaded<RecordWithSession | PresenceError>>;
  /**
   * Writes each record, its due entry, the session's status field and the event together; each commit stands for itself.
   * Results in order; an error where one user's data allows no write, say because a newer server wrote the record meanwhile.
   */
  commit(commits: readonly Commit[]): Promise<readonly (CommitResult | PresenceError)[]>;
  /**
   * Moves deadlines of live, known devices later, in one round trip; also the record's revision and the session's TTL.
   * A renewal is declined where it could change more than that: the device is unknown, lapsed, idle where
   * `activeForMs` is given or held by another stream, a deadline would come earlier, or the session hash does not fit: it
   * is missing although the record is bound, there although it is not, or does not say what the record says.
   * Results in order.
   */
  renew(renewals: readonly Renewal[]): Promise<Loaded<RenewalResult | PresenceError>>;
  /** Watches the time, and claims up to `limit` users that are due. At most one caller holds a user; a claim that is not finished is due again soon. */
  claimDue(limit: number): Promise<DueClaim>;
  /** Gives claimed users back. A user who became due earlier meanwhile stays so. */
  finishDue(outcomes: readonly DueOutcome[]): Promise<void>;
  /** Makes sure that users are due no later than said, whoever holds them, and that their records are kept: for what an index may have lost. */
  armDue(outcomes: readonly DueOutcome[]): Promise<void>;
  /** Whether this server may do `task` for the next `forMs` milliseconds; no other one may meanwhile. Asking again prolongs it. */
  lead(task: string, forMs: number): Promise<boolean>;
  /** About `limit` users from `cursor` on (undefined: from the first); never more. A user who is there throughout a scan is seen at least once. */
  scan(cursor: string | undefined, limit: number): Promise<RecordPage>;
}

/** What the auth service wrote of a user. */
export interface SessionInfo {
  readonly sessionId: string | undefined;
  readonly roles: string | undefined;
  /** Milliseconds left; undefined: it has no expiration. */
  readonly ttlMs: number | undefined;
}

/** The auth service's sessions, read only. */
export interface SessionDirectory {
  /** Undefined: the user has no session. */
  find(userId: UserId): Promise<SessionInfo | undefined>;
}

/** The members of a party. */
export interface PartyMembers {
  readonly userIds: readonly UserId[];
  /** Members whose names are no user ids; they are left out. */
  readonly invalid: number;
}

/** Most members of a party that is listed. */
export const maxPartyMembers = 5_000;

/** The party service's parties, read only. */
export interface PartyDirectory {
  /**
   * In no particular order; an unknown party has none.
   * @throws PresenceError `LIMIT_EXCEEDED` beyond `maxPartyMembers`, without reading them.
   */
  members(partyId: PartyId): Promise<PartyMembers>;
  /** Whether that user is in it, however large it is. */
  isMember(partyId: PartyId, userId: UserId): Promise<boolean>;
  /** Calls `changed` soon after the members may have changed: a hint, which may be lost. Returns how to end it. */
  follow(partyId: PartyId, changed: () => void): () => void;
}

/** What a feed tells the one who listens. */
export interface FeedListener {
  /** The subscriptions of these users are confirmed: whatever is committed from now on arrives. What was before must be read. Also after each gap. */
  subscribed(userIds: readonly UserId[]): void;
  /** A change was committed. It may come late, twice or out of order: its version tells. */
  changed(presence: Presence): void;
  /** Until they are `subscribed` again, changes of these users may be missing; undefined: of all. */
  broken(userIds: readonly UserId[] | undefined): void;
}

/** Changes of presence as they are committed, by anyone, on any server. Lossy where it says so: a gap is announced, never hidden. */
export interface PresenceFeed {
  /** To be called once, before all else. */
  listen(listener: FeedListener): void;
  /** From now on these users are wanted. The feed subscribes, again after every failure, and tells when it is done. */
  subscribe(userIds: readonly UserId[]): void;
  /** These users are not wanted any more. */
  unsubscribe(userIds: readonly UserId[]): void;
}
