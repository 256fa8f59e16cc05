import type { Lie } from "../lie.ts";
import { type Entry, isTold, type Told } from "../records.ts";

/** Users who live and are told to be OFFLINE. */
export function findFalseOffline(entries: readonly Entry[]): readonly Lie[] {
  /** Since when somebody has been known to live. */
  const alive = new Map<string, number>();
  /** When a client whose first snapshot has not passed yet opened its watch: that may be as old as its question. */
  const asked = new Map<string, number>();
  return entries.flatMap((entry): Lie[] => {
    if (entry.kind === "alive" && !alive.has(entry.user)) alive.set(entry.user, entry.at);
    if (entry.kind === "silent") alive.delete(entry.user);
    if (entry.kind === "opened") asked.set(entry.client, entry.at);
    if (entry.kind === "change" || entry.kind === "stale" || entry.kind === "live") asked.delete(entry.client);
    if (!isTold(entry) || entry.status !== "OFFLINE") return [];
    const saidAt = entry.kind === "read" ? entry.sentAt : (asked.get(entry.client) ?? entry.at);
    if ((alive.get(entry.user) ?? saidAt) >= saidAt) return [];
    return [{ promise: "truthful", what: `${entry.client} was told by a ${entry.kind} that ${entry.user}, who lives, is OFFLINE` }];
  });
}

/** What is known of somebody who fell silent. */
interface Silence {
  /** Since when he is OFFLINE, as each client was told. A new version of the same state, as after lost writes, is not a new silence. */
  readonly told: Map<string, Set<number | undefined>>;
}

/** Users who fell silent and are OFFLINE too early, more than once, or never. */
export function findFalseSilence(entries: readonly Entry[], earliestMs: number): readonly Lie[] {
  const lastSign = new Map<string, Extract<Entry, { kind: "alive" }>>();
  const silences = new Map<string, Silence>();
  const rest = new Map<string, Told>();
  const lies: Lie[] = [];
  for (const entry of entries) {
    if (entry.kind === "alive") {
      lastSign.set(entry.user, entry);
      lies.push(...repeatedly(entry.user, silences.get(entry.user)));
      silences.delete(entry.user);
    }
    if (entry.kind === "silent") silences.set(entry.user, { told: new Map() });
    if (entry.kind === "rest") rest.set(entry.user, entry);
    if (!isTold(entry) || entry.status !== "OFFLINE") continue;
    const silence = silences.get(entry.user);
    if (silence === undefined) continue;
    const sign = lastSign.get(entry.user);
    // Asked before that sign of life was acknowledged: the answer may be of a time before it.
    if (sign !== undefined && entry.kind === "read" && entry.sentAt < sign.at) continue;
    const early = (sign?.sentAt ?? 0) + earliestMs - entry.at;
    if (early > 0)
      lies.push({ promise: "truthful", what: `${entry.client} was told that ${entry.user} is OFFLINE ${early.toFixed(0)} ms too early` });
    silence.told.set(entry.client, (silence.told.get(entry.client) ?? new Set()).add(entry.since));
  }
  for (const [user, silence] of silences) {
    const at = rest.get(user);
    if (at !== undefined && at.status !== "OFFLINE")
      lies.push({ promise: "truthful", what: `${user} fell silent and is ${at.status} for ever` });
    lies.push(...repeatedly(user, silence));
  }
  return lies;
}

function repeatedly(user: string, silence: Silence | undefined): readonly Lie[] {
  return [...(silence?.told ?? [])].flatMap(([client, beginnings]): Lie[] =>
    beginnings.size > 1 ? [{ promise: "truthful", what: `${client} was told ${beginnings.size} times that ${user} went OFFLINE` }] : [],
  );
}
