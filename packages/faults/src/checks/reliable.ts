import type { Lie } from "../lie.ts";
import type { Entry, Told } from "../records.ts";

/** Watchers who were not told what the store holds at rest. */
export function findMissed(entries: readonly Entry[]): readonly Lie[] {
  const rest = new Map<string, Told>();
  const last = new Map<string, { readonly client: string; readonly told: Told }>();
  for (const entry of entries) {
    if (entry.kind === "rest") rest.set(entry.user, entry);
    // A read is an answer of its time; a watch has to follow.
    if (entry.kind === "snapshot" || entry.kind === "change")
      last.set(`${entry.client} ${entry.user}`, { client: entry.client, told: entry });
  }
  return [...last.values()].flatMap(({ client, told }): Lie[] => {
    const truth = rest.get(told.user);
    if (truth === undefined || (truth.version === told.version && truth.status === told.status)) return [];
    return [
      {
        promise: "reliable",
        what: `${client} still shows ${told.user} as ${told.status} (${told.version}); the store says ${truth.status} (${truth.version})`,
      },
    ];
  });
}

/** Watches without a snapshot, and views that stay stale. */
export function findUnanswered(entries: readonly Entry[]): readonly Lie[] {
  const waiting = new Set<string>();
  const stale = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === "opened") {
      waiting.add(entry.client);
      stale.delete(entry.client);
    }
    if (entry.kind === "snapshot" || entry.kind === "closed") waiting.delete(entry.client);
    if (entry.kind === "stale") stale.add(entry.client);
    if (entry.kind === "live" || entry.kind === "snapshot" || entry.kind === "closed") stale.delete(entry.client);
  }
  return [
    ...[...waiting].map((client): Lie => ({ promise: "resumable", what: `${client} opened a watch and got no snapshot` })),
    ...[...stale].map((client): Lie => ({ promise: "resumable", what: `${client} was told that its view is stale, and nothing since` })),
  ];
}
