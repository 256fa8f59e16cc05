import type { SessionTtlPolicy, Status, UserId } from "@presence/domain";
import { Deadlines } from "./deadlines.ts";

const statusField = "status";
/** So many expired hashes are removed with each new one, so that they never pile up. */
const removedPerPut = 2;

/** The auth service's session hashes, in which presence owns one field. */
export class SessionHashes {
  readonly #hashes = new Map<UserId, Map<string, string>>();
  readonly #expirations = new Deadlines<UserId>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#hashes.size;
  }

  put(userId: UserId, fields: Iterable<readonly [string, string]>, ttlMs: number | undefined): void {
    this.removeExpired(removedPerPut);
    this.#hashes.set(userId, new Map(fields));
    if (ttlMs === undefined) this.#expirations.delete(userId);
    else this.#expirations.set(userId, this.#now() + ttlMs);
  }

  delete(userId: UserId): boolean {
    this.#expirations.delete(userId);
    return this.#hashes.delete(userId);
  }

  /** The fields of a session; undefined: there is none. */
  get(userId: UserId): ReadonlyMap<string, string> | undefined {
    const expiresAt = this.#expirations.get(userId);
    if (expiresAt !== undefined && expiresAt <= this.#now()) this.delete(userId);
    return this.#hashes.get(userId);
  }

  has(userId: UserId): boolean {
    return this.get(userId) !== undefined;
  }

  statusOf(userId: UserId): string | undefined {
    return this.get(userId)?.get(statusField);
  }

  /** Milliseconds left; undefined: it has no expiration. */
  ttlMs(userId: UserId): number | undefined {
    const expiresAt = this.#expirations.get(userId);
    return expiresAt === undefined ? undefined : expiresAt - this.#now();
  }

  /** Whether there is a session to expire. */
  expire(userId: UserId, ttlMs: number): boolean {
    if (!this.has(userId)) return false;
    this.#expirations.set(userId, this.#now() + ttlMs);
    return true;
  }

  /** Writes the field that presence owns into a session that exists: a write after a logout would make an immortal ghost. */
  writeStatus(userId: UserId, status: Status): void {
    if (this.has(userId)) this.#hashes.get(userId)?.set(statusField, status);
  }

  /** A sign of life of a user with a session. */
  touch(userId: UserId, leaseTtlMs: number, policy: SessionTtlPolicy): void {
    if (policy === "off") return;
    const ttlMs = this.ttlMs(userId);
    if (policy === "exact" || ttlMs === undefined || ttlMs < leaseTtlMs) this.expire(userId, leaseTtlMs);
  }

  /** Removes up to `limit` hashes whose time is over. */
  removeExpired(limit: number): void {
    const now = this.#now();
    for (let removed = 0; removed < limit; removed++) {
      const expired = this.#expirations.pop(now);
      if (expired === undefined) return;
      this.#hashes.delete(expired.key);
    }
  }
}
