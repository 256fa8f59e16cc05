import { findMisdated, type WallClock } from "./checks/dated.ts";
import { findDisorder, findDoubles } from "./checks/ordered.ts";
import { findMissed, findUnanswered } from "./checks/reliable.ts";
import { findDuplicates } from "./checks/single.ts";
import { findFalseOffline, findFalseSilence } from "./checks/truthful.ts";
import type { Lie } from "./lie.ts";
import type { Entry } from "./records.ts";

export interface CheckOptions {
  /** How long after his last acknowledged sign of life nobody may be OFFLINE: a lease, or less where the store lost the lease. */
  readonly earliestMs: number;
  /** Redis lost writes that it had acknowledged: a watch is kept from going back, a single answer cannot be. */
  readonly lostWrites?: boolean;
  /** Without it nothing is said about dates. */
  readonly clock?: WallClock;
}

/** Decides from the records alone whether every promise was kept. */
export function findLies(entries: readonly Entry[], { earliestMs, lostWrites = false, clock }: CheckOptions): readonly Lie[] {
  return [
    ...findDisorder(lostWrites ? entries.filter(({ kind }) => kind !== "read") : entries),
    ...findDoubles(entries),
    ...findPending(entries),
    ...findFalseOffline(entries),
    ...findFalseSilence(entries, earliestMs),
    ...findDuplicates(entries),
    ...(clock === undefined ? [] : findMisdated(entries, clock)),
  ];
}

/** What may still come: lies only once everything has come to rest. */
export function findPending(entries: readonly Entry[]): readonly Lie[] {
  return [...findMissed(entries), ...findUnanswered(entries)];
}
