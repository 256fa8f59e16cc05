import {
  mayKeepWatching,
  notHisParty,
  type PartyHub,
  type PartyId,
  type PartyWatch,
  PresenceError,
  parsePartyId,
  type UserId,
  type Watch,
  type WatchHub,
} from "@presence/domain";
import type { WatchTarget } from "@presence/proto";
import type { Identity } from "../auth/identity.ts";
import { type Encoded, encodeAttachedEvent, encodeAttachedPartyEvent } from "./encoded-events.ts";
import { maxWatched, parseWatched } from "./watch-handlers.ts";

export interface AttachedWatchesOptions {
  readonly hub: WatchHub;
  readonly parties: PartyHub;
  readonly identity: Identity;
  /** There may be something to tell. */
  readonly wake: () => void;
  /** A party is watched no more, and why. */
  readonly lost: (error: PresenceError) => void;
}

/** Whom one attached stream watches: users, and parties as long as they are the caller's. */
export class AttachedWatches {
  readonly #options: AttachedWatchesOptions;
  readonly #users: Watch;
  readonly #parties = new Map<PartyId, PartyWatch>();
  #closed = false;

  constructor(options: AttachedWatchesOptions) {
    this.#options = options;
    this.#users = options.hub.watch(options.wake);
  }

  /** @throws PresenceError `INVALID_ARGUMENT`, `LIMIT_EXCEEDED` */
  add(target: WatchTarget): void {
    const { users, parties } = parseTarget(target);
    const size = this.#users.size + users.length + [...this.#parties.values()].reduce((sum, party) => sum + party.size, 0);
    if (size > maxWatched || this.#parties.size + parties.length > maxWatched) {
      throw new PresenceError("LIMIT_EXCEEDED", `this stream would watch ${size} users; one stream may watch ${maxWatched}`);
    }
    // The stream may have ended while it was decided who may watch what; nobody would end these watches.
    if (this.#closed) return;
    if (users.length > 0) this.#users.add(users);
    for (const partyId of parties) if (!this.#parties.has(partyId)) this.#parties.set(partyId, this.#watchParty(partyId));
  }

  /** @throws PresenceError `INVALID_ARGUMENT` */
  remove(target: WatchTarget): void {
    const { users, parties } = parseTarget(target);
    this.#users.remove(users);
    for (const partyId of parties) {
      this.#parties.get(partyId)?.close();
      this.#parties.delete(partyId);
    }
  }

  /** The next thing to tell; undefined until `wake` is called again. */
  take(): Encoded | undefined {
    const event = this.#users.take();
    if (event !== undefined) return encodeAttachedEvent(event);
    const { caller } = this.#options.identity;
    for (const [partyId, watch] of this.#parties) {
      if (!mayKeepWatching(caller, caller.userId && watch.has(caller.userId))) {
        this.#lose(partyId, watch, notHisParty(partyId));
        continue;
      }
      const partyEvent = watch.take();
      if (partyEvent !== undefined) return encodeAttachedPartyEvent(partyId, partyEvent);
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#users.close();
    for (const watch of this.#parties.values()) watch.close();
  }

  #watchParty(partyId: PartyId): PartyWatch {
    const watch = this.#options.parties.watch(partyId, () => {
      if (watch.failure === undefined) this.#options.wake();
      else this.#lose(partyId, watch, watch.failure);
    });
    return watch;
  }

  #lose(partyId: PartyId, watch: PartyWatch, error: PresenceError): void {
    this.#parties.delete(partyId);
    watch.close();
    this.#options.lost(error);
  }
}

function parseTarget({ userIds, partyIds }: WatchTarget): { readonly users: readonly UserId[]; readonly parties: readonly PartyId[] } {
  return { users: parseWatched(userIds), parties: partyIds.map((partyId, index) => parsePartyId(partyId, `party_ids[${index}]`)) };
}
