import type { PresenceNow } from "./presence.ts";
import type { Status } from "./status.ts";

/** How many users show each status; every status has its number. */
export type StatusCounts = Readonly<Record<Status, number>>;

export function countStatuses(presences: Iterable<PresenceNow>): StatusCounts {
  const counts: Record<Status, number> = { ONLINE: 0, AWAY: 0, DND: 0, OFFLINE: 0 };
  for (const { presence } of presences) counts[presence.status]++;
  return counts;
}
