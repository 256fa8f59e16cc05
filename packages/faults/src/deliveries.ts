import type { Entry } from "./records.ts";

/**
 * For each change that was acknowledged, and each watcher who knew the user before: the milliseconds until he was told that version
 * or a later one. What was told before the answer came counts as 0.
 */
export function deliveries(entries: readonly Entry[]): readonly number[] {
  const told = new Map<string, { readonly at: number; readonly version: bigint }[]>();
  const watchers = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (entry.kind !== "snapshot" && entry.kind !== "change") continue;
    const key = `${entry.client} ${entry.user}`;
    told.set(key, told.get(key) ?? []);
    told.get(key)?.push(entry);
    watchers.set(entry.user, (watchers.get(entry.user) ?? new Set()).add(entry.client));
  }
  return entries.flatMap((change) => {
    if (change.kind !== "changed") return [];
    return [...(watchers.get(change.user) ?? [])].flatMap((client) => {
      const words = told.get(`${client} ${change.user}`) ?? [];
      if ((words[0]?.at ?? 0) > change.at) return [];
      const heard = words.find(({ version }) => version >= change.version);
      return heard === undefined ? [] : [Math.max(0, heard.at - change.at)];
    });
  });
}
