import { Redis } from "ioredis";

/** The auth service, as far as presence sees it: it writes session hashes, and deletes them. */
export class AuthService {
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redis = new Redis(url, { lazyConnect: false, maxRetriesPerRequest: null });
    // It comes back by itself; whatever it was asked meanwhile waits.
    this.#redis.on("error", () => {});
  }

  /** Sessions without a TTL, or one of so many seconds; what a sign of life makes of it is presence's part. */
  async logIn(users: readonly string[], ttlSeconds?: number): Promise<void> {
    await this.#each(users, (user) => ["hset", keyOf(user), "sessionId", `of-${user}`, "name", user, "roles", "user"]);
    if (ttlSeconds !== undefined) await this.#each(users, (user) => ["expire", keyOf(user), String(ttlSeconds)]);
  }

  async logOut(users: readonly string[]): Promise<void> {
    await this.#each(users, (user) => ["del", keyOf(user)]);
  }

  /** What other services read of each user's presence; null where there is no session, or no status in it. */
  async statusFields(users: readonly string[]): Promise<readonly (string | null)[]> {
    return (await this.#each(users, (user) => ["hget", keyOf(user), "status"])) as (string | null)[];
  }

  /** As `PTTL`: -1 without end, -2 without session. */
  async timesToLive(users: readonly string[]): Promise<readonly number[]> {
    return (await this.#each(users, (user) => ["pttl", keyOf(user)])) as number[];
  }

  /** Users of sessions that never end. */
  async immortals(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const keys of this.#redis.scanStream({ match: keyOf("*"), count: 1_000 }) as AsyncIterable<string[]>) {
      const users = keys.map((key) => key.slice(keyOf("").length));
      const left = await this.timesToLive(users);
      found.push(...users.filter((_, index) => left[index] === -1));
    }
    return found;
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #each(users: readonly string[], command: (user: string) => string[]): Promise<readonly unknown[]> {
    const results = await this.#redis.pipeline(users.map(command)).exec();
    return (results ?? []).map(([error, result]) => {
      if (error !== null) throw error;
      return result;
    });
  }
}

function keyOf(user: string): string {
  return `session:${user}`;
}
