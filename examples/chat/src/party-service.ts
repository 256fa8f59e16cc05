import type { Redis } from "ioredis";

/** What a party service does in Redis: it keeps who is in which group chat. */
export class PartyService {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async join(partyId: string, ...userIds: readonly string[]): Promise<void> {
    await this.#redis.sadd(membersKey(partyId), ...userIds);
  }

  async leave(partyId: string, userId: string): Promise<void> {
    await this.#redis.srem(membersKey(partyId), userId);
  }

  async disband(partyId: string): Promise<void> {
    await this.#redis.del(membersKey(partyId));
  }
}

function membersKey(partyId: string): string {
  return `party:${partyId}:members`;
}
