export const promises = ["ordered", "unique", "reliable", "resumable", "truthful", "single", "dated"] as const;

/**
 * ordered: versions never go back for a client. unique: a version is one state. reliable: at rest every watcher has what
 * the store holds. resumable: an opened watch is answered by a snapshot. truthful: who gives signs of life is never OFFLINE;
 * who fell silent is OFFLINE at last, once, and not before his lease has ended. single: an intent, tried however often, is one
 * transition. dated: versions and beginnings are of the time in which they were told, whatever the clock of a server says.
 */
export type Promised = (typeof promises)[number];

export interface Lie {
  readonly promise: Promised;
  readonly what: string;
}

/** The number of lies of each kind. */
export function countLies(lies: readonly Lie[]): Readonly<Record<Promised, number>> {
  const counts: Record<Promised, number> = { ordered: 0, unique: 0, reliable: 0, resumable: 0, truthful: 0, single: 0, dated: 0 };
  for (const { promise } of lies) counts[promise]++;
  return counts;
}
