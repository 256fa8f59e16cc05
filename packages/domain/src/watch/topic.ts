import type { UserId } from "../ids.ts";
import type { Presence } from "../presence.ts";
import type { Watch } from "./watch.ts";

/** What a hub knows of one user whom somebody watches. */
export class Topic {
  readonly userId: UserId;
  readonly watches = new Set<Watch>();
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
