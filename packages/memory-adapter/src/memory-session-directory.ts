import type { SessionDirectory, SessionInfo, UserId } from "@presence/domain";
import type { SessionHashes } from "./session-hashes.ts";

/** A session as the auth service reads it back. */
export interface MemorySession {
  /** Every field, with the `status` that presence wrote. */
  readonly fields: Readonly<Record<string, string>>;
  /** Milliseconds left; undefined: it has no expiration. */
  readonly ttlMs: number | undefined;
}

/** The sessions of one process, with what an auth service needs: `put` at a login, `delete` at a logout. */
export class MemorySessionDirectory implements SessionDirectory {
  readonly #hashes: SessionHashes;

  constructor(hashes: SessionHashes) {
    this.#hashes = hashes;
  }

  /** How many sessions are held. */
  get size(): number {
    return this.#hashes.size;
  }

  /**
   * A login: replaces the session of `userId`. Presence reads `sessionId` and `roles`, and leaves other fields alone.
   * @param ttlMs milliseconds until it ends; undefined: it has no expiration
   */
  put(userId: UserId, fields: Readonly<Record<string, string>>, ttlMs?: number): void {
    this.#hashes.put(userId, Object.entries(fields), ttlMs);
  }

  /** A logout. Whether there was a session. */
  delete(userId: UserId): boolean {
    return this.#hashes.delete(userId);
  }

  /** Lets the session end `ttlMs` milliseconds from now. Whether there is one. */
  expire(userId: UserId, ttlMs: number): boolean {
    return this.#hashes.expire(userId, ttlMs);
  }

  /** The session as it stands; undefined: there is none. */
  read(userId: UserId): MemorySession | undefined {
    const fields = this.#hashes.get(userId);
    return fields === undefined ? undefined : { fields: Object.fromEntries(fields), ttlMs: this.#hashes.ttlMs(userId) };
  }

  async find(userId: UserId): Promise<SessionInfo | undefined> {
    const fields = this.#hashes.get(userId);
    if (fields === undefined) return undefined;
    return { sessionId: fields.get("sessionId"), roles: fields.get("roles"), ttlMs: this.#hashes.ttlMs(userId) };
  }
}
