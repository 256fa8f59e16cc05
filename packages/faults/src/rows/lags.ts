import type { Entry } from "../records.ts";

/** For each of these users and each watcher: the milliseconds from the deadline, which is when he became OFFLINE, to when the watcher was told. */
export function lagsOf(entries: readonly Entry[], users: readonly string[]): readonly number[] {
  const wanted = new Set(users);
  return entries.flatMap((entry) => {
    if (entry.kind !== "change" || entry.status !== "OFFLINE" || entry.since === undefined || !wanted.has(entry.user)) return [];
    return [performance.timeOrigin + entry.at - entry.since];
  });
}
