import type { Presence, UserId } from "@presence/domain";

/**
 * What is true of a user who behaves: whether anybody may call him OFFLINE. He is here from the first sign of life that a
 * server has acknowledged, until somebody logs him out, or his last sign of life is a lease ago.
 */
export class Person {
  readonly userId: UserId;
  readonly #now: () => number;
  /** How long a write may be on its way after its caller has given it up. */
  readonly #gapMs: number;
  readonly #leaseTtlMs: number;
  #hereSince: number | undefined;
  #version = 0;
  #lastSignAt = 0;
  #silent = false;
  #forgottenAt = 0;
  /** Calls under way that may log him out. */
  #dangers = 0;
  #safeFrom = 0;
  #loggedOut = false;
  /** Calls of his that a server may still carry out. */
  #calls = 0;
  #quietFrom = 0;
  /** How he went OFFLINE after he had fallen silent. */
  #offline: Presence | undefined;

  constructor(
    userId: UserId,
    { now, gapMs, leaseTtlMs }: { readonly now: () => number; readonly gapMs: number; readonly leaseTtlMs: number },
  ) {
    this.userId = userId;
    this.#now = now;
    this.#gapMs = gapMs;
    this.#leaseTtlMs = leaseTtlMs;
  }

  /** Whether a server may refuse his heartbeat. */
  get mayBeRefused(): boolean {
    return this.#loggedOut;
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** A sign of life was acknowledged. */
  acknowledged(sentAt: number, version: number): void {
    if (this.#dangers > 0 || sentAt < this.#safeFrom) return;
    this.#loggedOut = false;
    this.#lastSignAt = Math.max(this.#lastSignAt, sentAt);
    if (this.#hereSince !== undefined) return;
    this.#hereSince = this.#now();
    this.#version = version;
  }

  /** Somebody begins to log him out; what is returned is to be called when that cannot happen any more. */
  endangered(): () => void {
    this.#dangers++;
    this.#loggedOut = true;
    this.#hereSince = undefined;
    return () => {
      this.#dangers--;
      this.#safeFrom = this.#now() + this.#gapMs;
    };
  }

  /** A server begins to do something for him; what is returned is to be called when it has done it, or died. */
  called(): () => void {
    this.#calls++;
    return () => {
      this.#calls--;
      this.#quietFrom = Math.max(this.#quietFrom, this.#now() + this.#gapMs);
    };
  }

  /**
   * He gives no sign of life from now on.
   * @param attached a stream holds his device: it may be closed, so that only the grace is left, or seem open, so that its server speaks for him a lease longer
   */
  fallsSilent(attached: boolean): void {
    this.#silent = true;
    if (attached) this.#quietFrom = Math.max(this.#quietFrom, this.#now() + this.#leaseTtlMs + this.#gapMs);
    // What the store has forgotten since he said it, he does not say again.
    if (attached || this.#lastSignAt < this.#forgottenAt) this.#hereSince = undefined;
  }

  /** The store has forgotten something. */
  forgotten(): void {
    this.#offline = undefined;
    this.#forgottenAt = this.#now();
    if (this.#silent) this.#hereSince = undefined;
  }

  /** Others see him so now: who fell silent goes OFFLINE once, and stays so. @returns whether that is so */
  mayBecome(presence: Presence): boolean {
    if (!this.#silent || this.#calls > 0 || this.#now() < this.#quietFrom) return true;
    if (presence.status === "OFFLINE") this.#offline ??= presence;
    const offline = this.#offline;
    if (offline === undefined || presence.version <= offline.version) return true;
    // Written again after lost writes, the same silence has a higher version.
    return presence.status === "OFFLINE" && presence.since === offline.since;
  }

  /** Whether nobody may show him as he is in `presence`, OFFLINE. */
  isHere({ version }: Presence, askedAt: number): boolean {
    if (this.#hereSince === undefined) return false;
    if (this.#silent && this.#now() >= this.#lastSignAt + this.#leaseTtlMs) return false;
    return version > this.#version || askedAt > this.#hereSince;
  }
}
