import type { Entry } from "./records.ts";

/**
 * What must be remembered once everything has come to rest and no lie was found: what each watcher was told last, and who lives or is
 * silent since when. Answers to single questions are compared between two rests only.
 */
export function trim(entries: readonly Entry[]): Entry[] {
  const keep = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.kind === "snapshot" || entry.kind === "change") keep.set(`told ${entry.client} ${entry.user}`, entry);
    if (entry.kind === "alive") {
      if (keep.delete(`silent ${entry.user}`) || !keep.has(`first ${entry.user}`)) keep.set(`first ${entry.user}`, entry);
      keep.set(`last ${entry.user}`, entry);
    }
    if (entry.kind === "silent") keep.set(`silent ${entry.user}`, entry);
  }
  const kept = new Set(keep.values());
  return entries.filter((entry) => kept.has(entry));
}
