import type { PresenceStore } from "./ports.ts";
import type { PresenceNow } from "./presence.ts";
import { settle } from "./settle.ts";
import type { Status } from "./status.ts";

/** How many users show each status; every status has its number. */
export type StatusCounts = Readonly<Record<Status, number>>;

/** What a whole store holds. */
export interface StoreCounts {
  readonly counts: StatusCounts;
  /** Devices that live. */
  readonly devices: number;
}

const scanPage = 1_000;

export function countStatuses(presences: Iterable<PresenceNow>): StatusCounts {
  const counts = noCounts();
  for (const { presence } of presences) counts[presence.status]++;
  return counts;
}

/** Counts every record of a store, page by page. */
export async function countStore(store: PresenceStore): Promise<StoreCounts> {
  const counts = noCounts();
  let devices = 0;
  let cursor: string | undefined;
  do {
    const page = await store.scan(cursor, scanPage);
    for (const { record } of page.users) {
      const settled = settle(record, page.moment).record;
      counts[settled.status]++;
      devices += settled.devices.length;
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return { counts, devices };
}

function noCounts(): Record<Status, number> {
  return { ONLINE: 0, AWAY: 0, DND: 0, OFFLINE: 0 };
}
