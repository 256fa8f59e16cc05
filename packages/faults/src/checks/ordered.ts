import type { Lie } from "../lie.ts";
import { type Entry, isTold } from "../records.ts";

/** Versions that go back for a client. */
export function findDisorder(entries: readonly Entry[]): readonly Lie[] {
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

/** Versions that are two states. */
export function findDoubles(entries: readonly Entry[]): readonly Lie[] {
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
