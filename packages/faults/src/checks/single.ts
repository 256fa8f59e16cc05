import type { Lie } from "../lie.ts";
import { type Entry, isTold, type StatusName } from "../records.ts";

/** What is known of a user who means to change his status. */
interface Intents {
  /** The highest version that anybody was told before the first intent. */
  readonly before: bigint;
  readonly meant: Map<StatusName, number>;
  readonly shown: Map<StatusName, Set<bigint>>;
}

/** Intents that show as more than one transition: more versions with a status than there were intents for it. */
export function findDuplicates(entries: readonly Entry[]): readonly Lie[] {
  const highest = new Map<string, bigint>();
  const users = new Map<string, Intents>();
  for (const entry of entries) {
    if (entry.kind === "intent") {
      const one = users.get(entry.user) ?? { before: highest.get(entry.user) ?? 0n, meant: new Map(), shown: new Map() };
      users.set(entry.user, one);
      one.meant.set(entry.status, (one.meant.get(entry.status) ?? 0) + 1);
    }
    if (!isTold(entry) && entry.kind !== "changed" && entry.kind !== "rest") continue;
    const { user, status, version } = entry;
    if (version > (highest.get(user) ?? 0n)) highest.set(user, version);
    const one = users.get(user);
    if (one !== undefined && version > one.before) one.shown.set(status, (one.shown.get(status) ?? new Set()).add(version));
  }
  return [...users].flatMap(([user, { meant, shown }]) =>
    [...shown].flatMap(([status, versions]): Lie[] => {
      const times = meant.get(status) ?? 0;
      if (versions.size <= times) return [];
      return [{ promise: "single", what: `${user} meant to be ${status} ${times} times and became it ${versions.size} times` }];
    }),
  );
}
