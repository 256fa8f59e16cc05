import {
  actsForAnyone,
  type Moment,
  mayBeLost,
  type PresenceError,
  type SessionDirectory,
  type SessionInfo,
  type UserId,
} from "@presence/domain";
import { type Identity, unauthenticated } from "./identity.ts";
import { callerOf, proves } from "./session-authenticator.ts";

const checkEveryMs = 3_000;
/** So many at once: they share the store with calls. */
const concurrency = 32;
const expiryEveryMs = 500;
/** What we know of a loss is as old as the last sweep, and sweeps come every 250 ms. */
const secondLookMs = 1_000;

export interface OpenIdentitiesOptions {
  readonly sessions: SessionDirectory;
  /** The store's clock. */
  readonly moment: () => Promise<Moment>;
  readonly onCheckFailed: (error: unknown) => void;
}

interface Follower {
  readonly identity: Identity;
  readonly ended: (error: PresenceError) => void;
}

interface UserSessions {
  checkAt: number;
  readonly followers: Set<Follower>;
}

/** Who has streams open, and whether what proved him still holds. */
export class OpenIdentities {
  readonly #options: OpenIdentitiesOptions;
  readonly #expiring = new Set<Follower>();
  /** In the order in which they are to be looked at. */
  readonly #users = new Map<UserId, UserSessions>();
  /** Whose session was missing at a first look, and when. */
  readonly #missing = new Map<UserId, number>();
  #checks = 0;
  #expiryAt = 0;
  #now = 0;

  constructor(options: OpenIdentitiesOptions) {
    this.#options = options;
  }

  /** How many users are looked at again and again. */
  get size(): number {
    return this.#users.size;
  }

  /**
   * Calls `ended` once, when the session has ended or changed, or the token or certificate has expired.
   * @returns how to stop
   */
  follow(identity: Identity, ended: (error: PresenceError) => void): () => void {
    const follower: Follower = { identity, ended };
    if (identity.expiresAtMs !== undefined) this.#expiring.add(follower);
    const { session } = identity;
    if (session !== undefined) {
      const known = this.#users.get(session.userId);
      if (known !== undefined) known.followers.add(follower);
      else this.#users.set(session.userId, { checkAt: this.#now + checkEveryMs, followers: new Set([follower]) });
    }
    return () => this.#forget(follower);
  }

  /**
   * The session of this user may have changed just now: a hint, which may be lost.
   * @param seen its deletion was witnessed, rather than its absence found
   */
  hint(userId: UserId, seen: boolean): void {
    const sessions = this.#users.get(userId);
    if (sessions !== undefined) this.#check(userId, sessions, seen);
  }

  /** To be called every 100 ms or so. */
  tick(now: number): void {
    this.#now = now;
    if (now >= this.#expiryAt) {
      this.#expiryAt = now + expiryEveryMs;
      this.#endExpired(Date.now());
    }
    for (const [userId, since] of this.#missing) {
      const sessions = this.#users.get(userId);
      if (sessions === undefined) this.#missing.delete(userId);
      else if (now - since >= secondLookMs && this.#checks < concurrency) this.#check(userId, sessions, false);
    }
    for (const [userId, sessions] of this.#users) {
      if (sessions.checkAt > now || this.#checks >= concurrency) return;
      this.#users.delete(userId);
      sessions.checkAt = now + checkEveryMs;
      this.#users.set(userId, sessions);
      this.#check(userId, sessions, false);
    }
  }

  #endExpired(now: number): void {
    for (const follower of [...this.#expiring]) {
      if ((follower.identity.expiresAtMs ?? now) <= now)
        this.#end(follower, unauthenticated("the proof of who calls has expired; log in again"));
    }
  }

  #check(userId: UserId, { followers }: UserSessions, seen: boolean): void {
    this.#checks++;
    this.#look(userId, [...followers], seen)
      // Nobody is sent away because we cannot see.
      .catch(this.#options.onCheckFailed)
      .finally(() => this.#checks--);
  }

  async #look(userId: UserId, followers: readonly Follower[], seen: boolean): Promise<void> {
    const found = await this.#options.sessions.find(userId);
    if (found === undefined && !seen && (await this.#mayBeLost(userId))) return;
    this.#missing.delete(userId);
    for (const follower of followers) this.#judge(follower, found);
  }

  // What is missing inside a window, or while writes may have been lost, proves nothing; and a loss of this very moment is not known yet.
  async #mayBeLost(userId: UserId): Promise<boolean> {
    const moment = await this.#options.moment();
    if (mayBeLost(moment)) {
      this.#missing.delete(userId);
      return true;
    }
    const since = this.#missing.get(userId);
    if (since === undefined) this.#missing.set(userId, this.#now);
    return since === undefined || this.#now - since < secondLookMs;
  }

  #judge(follower: Follower, found: SessionInfo | undefined): void {
    const { identity } = follower;
    const { session } = identity;
    if (session === undefined) return;
    if (!proves(session, found)) {
      this.#end(follower, unauthenticated("the session has ended, or was replaced; log in again"));
      return;
    }
    const caller = callerOf(session.userId, found);
    // His streams may hold devices of others.
    if (actsForAnyone(identity.caller) && !actsForAnyone(caller))
      this.#end(follower, unauthenticated("the session has lost its role; connect again"));
    else identity.caller = caller;
  }

  #end(follower: Follower, error: PresenceError): void {
    if (!this.#forget(follower)) return;
    follower.identity.ended = error;
    follower.ended(error);
  }

  #forget(follower: Follower): boolean {
    const { session } = follower.identity;
    const expiring = this.#expiring.delete(follower);
    if (session === undefined) return expiring;
    const sessions = this.#users.get(session.userId);
    const followed = sessions?.followers.delete(follower) ?? false;
    if (sessions?.followers.size === 0) this.#users.delete(session.userId);
    return followed;
  }
}
