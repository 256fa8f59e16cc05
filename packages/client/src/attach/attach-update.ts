import type { PresenceClientError } from "../presence-client-error.ts";
import type { WatchUpdate } from "../presence-watch.ts";

/** Whom to watch (any more); at most 5,000 users in all, members of parties included. */
export interface WatchTargets {
  readonly userIds?: readonly string[] | undefined;
  readonly partyIds?: readonly string[] | undefined;
}

/** What an attachment tells. */
export type AttachUpdate =
  /**
   * As a watch tells it. `partyId` is set in the snapshot of a party, and where a member joined or left it; a snapshot without it is of watched
   * users, not always of all. A change does not say why its user is watched. `stale` with a reason: the connection is lost, or cannot
   * be opened.
   */
  | (WatchUpdate & { readonly partyId?: string | undefined })
  /** The connection is back: devices are connected again as before, and a snapshot of everyone watched is told or on its way. */
  | { readonly kind: "resumed" }
  /** A device is gone, and is not connected again: it was kicked, has logged out elsewhere, its session ended, or it is refused. */
  | { readonly kind: "device-lost"; readonly userId: string; readonly deviceId: string; readonly reason: PresenceClientError }
  /** A watch has ended by itself, such as that of a party that grew too large; `reason` says which. */
  | { readonly kind: "watch-lost"; readonly reason: PresenceClientError };
