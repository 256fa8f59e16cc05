import { isId, maxPartyMembers, type PartyDirectory, type PartyId, type PartyMembers, PresenceError, type UserId } from "@presence/domain";

/** The parties of one process, with what a party service needs: `add` and `remove`. */
export class MemoryPartyDirectory implements PartyDirectory {
  readonly #parties = new Map<PartyId, Set<string>>();
  readonly #followers = new Map<PartyId, Set<() => void>>();

  /** These join the party; who is in it already stays. */
  add(partyId: PartyId, ...members: readonly string[]): void {
    const party = this.#parties.get(partyId) ?? new Set();
    const before = party.size;
    for (const member of members) party.add(member);
    if (party.size === before) return;
    this.#parties.set(partyId, party);
    this.#changed(partyId);
  }

  /** These leave the party; a party that everyone left is forgotten. */
  remove(partyId: PartyId, ...members: readonly string[]): void {
    const party = this.#parties.get(partyId);
    if (party === undefined) return;
    const before = party.size;
    for (const member of members) party.delete(member);
    if (party.size === 0) this.#parties.delete(partyId);
    if (party.size !== before) this.#changed(partyId);
  }

  /** Everyone leaves. */
  delete(partyId: PartyId): void {
    if (this.#parties.delete(partyId)) this.#changed(partyId);
  }

  async members(partyId: PartyId): Promise<PartyMembers> {
    const party = this.#parties.get(partyId);
    if (party === undefined) return { userIds: [], invalid: 0 };
    if (party.size > maxPartyMembers) {
      throw new PresenceError("LIMIT_EXCEEDED", `party ${partyId} has ${party.size} members; up to ${maxPartyMembers} are listed`);
    }
    const userIds = [...party].filter((member): member is UserId => isId(member));
    return { userIds, invalid: party.size - userIds.length };
  }

  async isMember(partyId: PartyId, userId: UserId): Promise<boolean> {
    return this.#parties.get(partyId)?.has(userId) ?? false;
  }

  follow(partyId: PartyId, changed: () => void): () => void {
    const followers = this.#followers.get(partyId) ?? new Set();
    this.#followers.set(partyId, followers);
    // Each call is a follower of its own, also where two pass the same function.
    const follower = () => changed();
    followers.add(follower);
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(partyId) === followers) this.#followers.delete(partyId);
    };
  }

  #changed(partyId: PartyId): void {
    for (const follower of this.#followers.get(partyId) ?? []) queueMicrotask(follower);
  }
}
