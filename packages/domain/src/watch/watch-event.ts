import type { UserId } from "../ids.ts";
import type { Presence } from "../presence.ts";

/** Whether a view may be trusted. */
export type FeedState = "LIVE" | "STALE";

/** What a watcher is told, in order: a snapshot before any change of the users in it. */
export type WatchEvent =
  /** The presences of these users now, whatever was told before. */
  | { readonly kind: "snapshot"; readonly presences: readonly Presence[] }
  | { readonly kind: "change"; readonly presence: Presence }
  /** `STALE`: changes may be missing until the next snapshot. `LIVE`: the view is true again. */
  | { readonly kind: "feed"; readonly state: FeedState };

/** What the watcher of a party is told. The first event is a snapshot; later ones replace the view as a whole. */
export type PartyWatchEvent =
  | WatchEvent
  | { readonly kind: "joined"; readonly presence: Presence }
  | { readonly kind: "left"; readonly userId: UserId };
