import type { PartyId, UserId } from "../ids.ts";
import type { PresencePolicy, SessionTtlPolicy } from "../policy.ts";
import type { PartyDirectory, PresenceStore, SessionDirectory } from "../ports.ts";
import type { Presence } from "../presence.ts";
import type { Millis } from "../time.ts";

/** What a rule asks of the adapter that it is run against. */
export interface HarnessOptions {
  readonly sessionTtl: SessionTtlPolicy;
}

/** A session hash as it stands in the store. */
export interface StoredSession {
  /** Every field, the ones of the auth service and `status`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Milliseconds left; undefined: it has no expiration. */
  readonly ttlMs: number | undefined;
}

/** Collects the events of the users it was opened for, in the order of their arrival. */
export interface EventRecorder {
  /** Everything published by commits that had returned before this call. */
  heard(): Promise<readonly Presence[]>;
}

/**
 * A fresh, empty adapter under test, and the hands of those around it: the auth service, the party service, the clock.
 *
 * Time may be virtual or real. Rules wait with `advance` only and as little as they can: a lease of `policy`, the gap of
 * its watch clock and `claimTimeoutMs` are the longest. An adapter that waits in real time chooses a policy with a short
 * lease (`leaseTtlMs: 900, heartbeatIntervalMs: 300, graceMs: 300`) and, if it can, a short time-out.
 */
export interface Harness {
  readonly store: PresenceStore;
  /** A second server's store over the same data; the same object where there can be only one. */
  readonly peer: PresenceStore;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  readonly policy: PresencePolicy;
  /** After so many milliseconds a claim that was not finished is due again. */
  readonly claimTimeoutMs: number;
  /** By how many milliseconds a `moment` may lag behind `now()`, and a remaining time behind its expected value; 0 with a virtual clock. */
  readonly toleranceMs: number;

  /** Lets at least `ms` milliseconds of the store's time pass; exactly so many with a virtual clock. Nothing sweeps meanwhile. */
  advance(ms: number): Promise<void>;
  /** The store's own time. */
  now(): Promise<Millis>;

  /** The auth service writes a session hash, replacing one that is there. `ttlMs` undefined: it has no expiration. */
  putSession(userId: UserId, fields: Readonly<Record<string, string>>, ttlMs?: number): Promise<void>;
  /** The auth service ends a session. */
  deleteSession(userId: UserId): Promise<void>;
  /** The session hash as others read it; undefined: there is none. */
  readSession(userId: UserId): Promise<StoredSession | undefined>;

  /** The party service writes the members of a party, replacing those that are there. Not all need be user ids. */
  putPartyMembers(partyId: PartyId, members: readonly string[]): Promise<void>;

  /**
   * Makes the record of a user unreadable, by damage or as a newer server would. Absent: an adapter that holds records as
   * values, which cannot be broken.
   */
  breakRecord?(userId: UserId): Promise<void>;
  /** Loses the due entries of all users, as a failover or an eviction may. Absent: an adapter whose index cannot be lost without its records. */
  loseDueEntries?(): Promise<void>;

  /** Records from now on what is published of these users. */
  recordEvents(userIds: readonly UserId[]): Promise<EventRecorder>;

  /** Releases all that the harness holds. Rules call it, whether they pass or fail. */
  close(): Promise<void>;
}

/** Makes a harness over an adapter without any data. */
export type HarnessFactory = (options: HarnessOptions) => Harness | Promise<Harness>;

/** One thing that every adapter must do. */
export interface ContractRule {
  /** A sentence that states the rule. */
  readonly name: string;
  /** @throws AssertionError naming what differs, or whatever the adapter throws. */
  run(create: HarnessFactory): Promise<void>;
}
