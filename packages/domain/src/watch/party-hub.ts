import { PresenceError } from "../errors.ts";
import type { PartyId, UserId } from "../ids.ts";
import type { PartyDirectory } from "../ports.ts";
import { PartyWatch } from "./party-watch.ts";
import type { WatchHub } from "./watch-hub.ts";

export interface PartyHubOptions {
  readonly parties: PartyDirectory;
  readonly hub: WatchHub;
  /** How often members are read again, whatever the hints say; default 5 s. */
  readonly pollMs?: number;
  /** Members could not be read; they are read again with the next poll. */
  readonly onReadFailed?: (error: unknown) => void;
}

/** A party that somebody watches. */
interface PartyTopic {
  readonly partyId: PartyId;
  readonly watches: Set<PartyWatch>;
  readonly unfollow: () => void;
  members: ReadonlySet<UserId> | undefined;
  readAt: number;
  reading: boolean;
  /** Hinted at while a read was under way, which may have missed it. */
  again: boolean;
}

/** Follows the members of parties, each once for any number of watchers. It has no timer: `tick` moves the polls on. */
export class PartyHub {
  readonly #parties: PartyDirectory;
  readonly #hub: WatchHub;
  readonly #pollMs: number;
  readonly #onReadFailed: (error: unknown) => void;
  readonly #topics = new Map<PartyId, PartyTopic>();
  #now = 0;

  constructor({ parties, hub, pollMs = 5_000, onReadFailed = () => {} }: PartyHubOptions) {
    this.#parties = parties;
    this.#hub = hub;
    this.#pollMs = pollMs;
    this.#onReadFailed = onReadFailed;
  }

  /** A new watch of this party. */
  watch(partyId: PartyId, wake: () => void): PartyWatch {
    const topic = this.#topics.get(partyId) ?? this.#open(partyId);
    const watch = new PartyWatch(partyId, this.#hub, wake, (ended) => this.#leave(topic, ended));
    topic.watches.add(watch);
    // Not at once: the caller has its watch before it is woken.
    void Promise.resolve().then(() => {
      if (topic.watches.has(watch) && topic.members !== undefined) watch.membersAre(topic.members);
    });
    return watch;
  }

  /** Moves time on; to be called every 100 ms or so with a clock in milliseconds that never runs backwards. */
  tick(now: number): void {
    this.#now = now;
    for (const topic of this.#topics.values()) if (topic.readAt <= now) this.#read(topic);
  }

  #open(partyId: PartyId): PartyTopic {
    const topic: PartyTopic = {
      partyId,
      watches: new Set(),
      unfollow: this.#parties.follow(partyId, () => this.#read(topic)),
      members: undefined,
      readAt: this.#now,
      reading: false,
      again: false,
    };
    this.#topics.set(partyId, topic);
    this.#read(topic);
    return topic;
  }

  #leave(topic: PartyTopic, watch: PartyWatch): void {
    topic.watches.delete(watch);
    if (topic.watches.size > 0 || this.#topics.get(topic.partyId) !== topic) return;
    topic.unfollow();
    this.#topics.delete(topic.partyId);
  }

  #read(topic: PartyTopic): void {
    if (topic.reading) {
      topic.again = true;
      return;
    }
    topic.reading = true;
    topic.again = false;
    topic.readAt = this.#now + this.#pollMs;
    void this.#parties
      .members(topic.partyId)
      .then(
        ({ userIds }) => {
          topic.members = new Set(userIds);
          for (const watch of topic.watches) watch.membersAre(topic.members);
        },
        (error: unknown) => {
          // Only the party itself can make a watch of it impossible; a store that is away comes back.
          if (error instanceof PresenceError && error.code === "LIMIT_EXCEEDED") for (const watch of topic.watches) watch.fail(error);
          else this.#onReadFailed(error);
        },
      )
      .then(() => {
        topic.reading = false;
        if (topic.again) this.#read(topic);
      });
  }
}
