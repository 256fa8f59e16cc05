import type { UserId } from "../ids.ts";
import type { Presence } from "../presence.ts";

/** A watcher, as a hub and its topics see it. */
export interface Follower {
  /** The hub has a newer presence. */
  changed(topic: Topic): void;
  /** Changes may be missing until `trust`. */
  distrust(topic: Topic): void;
  /** It can be trusted (again), by the hub's read of that number. */
  trust(topic: Topic, read: number): void;
}

/** What a hub knows of one user whom somebody watches. */
export class Topic {
  readonly userId: UserId;
  readonly watches = new Set<Follower>();
  /** The highest version seen, from wherever. */
  latest: Presence | undefined;
  /** The feed has confirmed the subscription, and has not broken since. */
  subscribed = false;
  /** `latest` was read after that confirmation. */
  trusted = false;
  /** Moves when the subscription breaks or is confirmed: a read from before proves nothing after. */
  epoch = 0;
  /** When the subscription is given up, by the hub's clock; undefined while somebody watches. */
  releaseAt: number | undefined;

  constructor(userId: UserId) {
    this.userId = userId;
  }

  /** Takes `presence` if it is newer than what is known; false: it is old news. */
  take(presence: Presence): boolean {
    if (this.latest !== undefined && presence.version <= this.latest.version) return false;
    this.latest = presence;
    return true;
  }
}
