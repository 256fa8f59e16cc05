import type { Entry, Told } from "./records.ts";

export const promises = ["ordered", "unique", "reliable", "resumable", "truthful"] as const;

/**
 * ordered: versions never go back for a client. unique: a version is one state. reliable: at rest every watcher has what
 * the store holds. resumable: an opened watch is answered by a snapshot. truthful: who gives signs of life is never OFFLINE;
 * who fell silent is OFFLINE at last, once, and not before his lease has ended.
 */
export type Promised = (typeof promises)[number];

export interface Lie {
  readonly promise: Promised;
  readonly what: string;
}

export interface CheckOptions {
  /** How long after his last acknowledged sign of life nobody may be OFFLINE: a lease, or less where the store lost the lease. */
  readonly earliestMs: number;
  /** Redis lost writes that it had acknowledged: a watch is kept from going back, a single answer cannot be. */
  readonly lostWrites?: boolean;
}

/** Decides from the records alone whether every promise was kept. */
export function findLies(entries: readonly Entry[], { earliestMs, lostWrites = false }: CheckOptions): readonly Lie[] {
  return [
    ...findDisorder(lostWrites ? entries.filter(({ kind }) => kind !== "read") : entries),
    ...findDoubles(entries),
    ...findMissed(entries),
    ...findUnanswered(entries),
    ...findFalseOffline(entries),
    ...findFalseSilence(entries, earliestMs),
  ];
}

/** The number of lies of each kind. */
export function countLies(lies: readonly Lie[]): Readonly<Record<Promised, number>> {
  const counts: Record<Promised, number> = { ordered: 0, unique: 0, reliable: 0, resumable: 0, truthful: 0 };
  for (const { promise } of lies) counts[promise]++;
  return counts;
}

function isTold(entry: Entry): entry is Extract<Entry, { kind: "snapshot" | "change" | "read" }> {
  return entry.kind === "snapshot" || entry.kind === "change" || entry.kind === "read";
}

function findDisorder(entries: readonly Entry[]): readonly Lie[] {
  const last = new Map<string, bigint>();
  return entries.flatMap((entry): Lie[] => {
    if (!isTold(entry)) return [];
    const key = `${entry.client} ${entry.user}`;
    const before = last.get(key);
    last.set(key, entry.version);
    if (before === undefined || entry.version >= before) return [];
    return [{ promise: "ordered", what: `${entry.client} was told version ${entry.version} of ${entry.user} after ${before}` }];
  });
}

function findDoubles(entries: readonly Entry[]): readonly Lie[] {
  const states = new Map<string, string>();
  return entries.flatMap((entry): Lie[] => {
    if (!isTold(entry) && entry.kind !== "rest" && entry.kind !== "changed") return [];
    const key = `${entry.user} ${entry.version}`;
    const state = `${entry.status} since ${entry.since}`;
    const known = states.get(key);
    states.set(key, known ?? state);
    if (known === undefined || known === state) return [];
    return [{ promise: "unique", what: `version ${entry.version} of ${entry.user} is ${known}, and ${state}` }];
  });
}

function findMissed(entries: readonly Entry[]): readonly Lie[] {
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

function findUnanswered(entries: readonly Entry[]): readonly Lie[] {
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

function findFalseOffline(entries: readonly Entry[]): readonly Lie[] {
  /** Since when somebody has been known to live. */
  const alive = new Map<string, number>();
  return entries.flatMap((entry): Lie[] => {
    if (entry.kind === "alive" && !alive.has(entry.user)) alive.set(entry.user, entry.at);
    if (entry.kind === "silent") alive.delete(entry.user);
    if (!isTold(entry) || entry.status !== "OFFLINE") return [];
    const saidAt = entry.kind === "read" ? entry.sentAt : entry.at;
    if ((alive.get(entry.user) ?? saidAt) >= saidAt) return [];
    return [{ promise: "truthful", what: `${entry.client} was told by a ${entry.kind} that ${entry.user}, who lives, is OFFLINE` }];
  });
}

function findFalseSilence(entries: readonly Entry[], earliestMs: number): readonly Lie[] {
  const lastSign = new Map<string, Extract<Entry, { kind: "alive" }>>();
  const silent = new Set<string>();
  const offline = new Map<string, Map<string, Set<bigint>>>();
  const rest = new Map<string, Told>();
  const lies: Lie[] = [];
  for (const entry of entries) {
    if (entry.kind === "alive") lastSign.set(entry.user, entry);
    if (entry.kind === "silent") silent.add(entry.user);
    if (entry.kind === "rest") rest.set(entry.user, entry);
    if (!isTold(entry) || entry.status !== "OFFLINE" || !silent.has(entry.user)) continue;
    const sign = lastSign.get(entry.user);
    // Asked before that sign of life was acknowledged: the answer may be of a time before it.
    if (sign !== undefined && entry.kind === "read" && entry.sentAt < sign.at) continue;
    const early = (sign?.sentAt ?? 0) + earliestMs - entry.at;
    if (early > 0) {
      const what = `${entry.client} was told that ${entry.user} is OFFLINE ${early.toFixed(0)} ms too early`;
      lies.push({ promise: "truthful", what });
    }
    const perClient = offline.get(entry.user) ?? new Map<string, Set<bigint>>();
    offline.set(entry.user, perClient);
    perClient.set(entry.client, (perClient.get(entry.client) ?? new Set()).add(entry.version));
  }
  for (const user of silent) {
    const at = rest.get(user);
    if (at !== undefined && at.status !== "OFFLINE")
      lies.push({ promise: "truthful", what: `${user} fell silent and is ${at.status} for ever` });
    for (const [client, versions] of offline.get(user) ?? []) {
      if (versions.size > 1)
        lies.push({ promise: "truthful", what: `${client} was told ${versions.size} times that ${user} went OFFLINE` });
    }
  }
  return lies;
}
