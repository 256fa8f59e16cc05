import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";

const sessionTtlSeconds = 3_600;

/** What an auth service does in Redis: it alone creates and deletes sessions. Of presence it knows nothing. */
export class AuthService {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** @returns the session id */
  async login(userId: string, name: string): Promise<string> {
    const sessionId = randomUUID();
    const key = sessionKey(userId);
    await this.#redis.multi().hset(key, { sessionId, name, roles: "player" }).expire(key, sessionTtlSeconds).exec();
    return sessionId;
  }

  async logout(userId: string): Promise<void> {
    await this.#redis.del(sessionKey(userId));
  }

  async isLoggedIn(userId: string): Promise<boolean> {
    return (await this.#redis.exists(sessionKey(userId))) === 1;
  }
}

function sessionKey(userId: string): string {
  return `session:${userId}`;
}
