import { FeedState, type PartyEvent, type PresenceEvent, type Presence as WirePresence } from "@presence/proto";
import { presenceFrom } from "../messages.ts";
import type { Presence } from "../presence.ts";
import type { Response } from "./attach-stream.ts";
import type { AttachUpdate, WatchTargets } from "./attach-update.ts";

/** Who is watched, and the last that was told of each: what is older than that is no news, whichever server says it. */
export class WatchedView {
  readonly #users = new Set<string>();
  readonly #parties = new Map<string, Set<string>>();
  readonly #latest = new Map<string, Presence>();

  get userIds(): readonly string[] {
    return [...this.#users];
  }

  get partyIds(): readonly string[] {
    return [...this.#parties.keys()];
  }

  watchesParty(partyId: string): boolean {
    return this.#parties.has(partyId);
  }

  /** The last that is known of a user who is watched. */
  latest(userId: string): Presence | undefined {
    return this.#latest.get(userId);
  }

  add({ userIds = [], partyIds = [] }: WatchTargets): void {
    for (const userId of userIds) this.#users.add(userId);
    for (const partyId of partyIds) if (!this.#parties.has(partyId)) this.#parties.set(partyId, new Set());
  }

  remove({ userIds = [], partyIds = [] }: WatchTargets): void {
    for (const userId of userIds) {
      this.#users.delete(userId);
      this.#forget(userId);
    }
    for (const partyId of partyIds) {
      const members = this.#parties.get(partyId) ?? [];
      this.#parties.delete(partyId);
      for (const userId of members) this.#forget(userId);
    }
  }

  /** Those of `targets` who are not watched yet. */
  without({ userIds = [], partyIds = [] }: WatchTargets): WatchTargets {
    return { userIds: userIds.filter((id) => !this.#users.has(id)), partyIds: partyIds.filter((id) => !this.#parties.has(id)) };
  }

  /** What an event means to the reader; undefined where it is no news, or of somebody who is watched no more. */
  updateFrom(response: Response): AttachUpdate | undefined {
    switch (response.$case) {
      case "presence":
        return this.#ofUsers(response.value);
      case "party":
        return this.#ofParty(response.value);
      case "feed":
        return response.value.state === FeedState.STALE ? { kind: "stale", reason: undefined, retryInMs: undefined } : { kind: "live" };
      default:
        return undefined;
    }
  }

  #ofUsers({ event }: PresenceEvent): AttachUpdate | undefined {
    if (event?.$case === "snapshot") {
      const presences = event.value.presences.map(presenceFrom).filter(({ userId }) => this.#users.has(userId));
      for (const presence of presences) this.#see(presence);
      return presences.length === 0 ? undefined : { kind: "snapshot", presences };
    }
    if (event?.$case !== "change") return undefined;
    const presence = presenceFrom(event.value.presence);
    const known = this.#latest.get(presence.userId);
    // Who was never in a snapshot, or has left since, is watched no more.
    if (known === undefined || presence.version <= known.version) return undefined;
    this.#see(presence);
    return { kind: "change", presence };
  }

  #ofParty({ partyId, event }: PartyEvent): AttachUpdate | undefined {
    const members = this.#parties.get(partyId);
    if (members === undefined) return undefined;
    switch (event?.$case) {
      case "snapshot": {
        const presences = (event.value.party?.members ?? []).map((member) => this.#member(members, member));
        const present = new Set(presences.map(({ userId }) => userId));
        for (const userId of [...members]) if (!present.has(userId)) this.#leave(members, userId);
        return { kind: "snapshot", presences, partyId };
      }
      case "joined": {
        if (event.value.presence === undefined) return undefined;
        return { kind: "joined", presence: this.#member(members, event.value.presence), partyId };
      }
      case "left":
        this.#leave(members, event.value.userId);
        return { kind: "left", userId: event.value.userId, partyId };
      case undefined:
        return undefined;
    }
  }

  #member(members: Set<string>, message: WirePresence): Presence {
    const presence = presenceFrom(message);
    members.add(presence.userId);
    this.#see(presence);
    return presence;
  }

  #leave(members: Set<string>, userId: string): void {
    members.delete(userId);
    this.#forget(userId);
  }

  #see(presence: Presence): void {
    const known = this.#latest.get(presence.userId);
    if (known === undefined || known.version <= presence.version) this.#latest.set(presence.userId, presence);
  }

  #forget(userId: string): void {
    if (this.#users.has(userId)) return;
    for (const members of this.#parties.values()) if (members.has(userId)) return;
    this.#latest.delete(userId);
  }
}
