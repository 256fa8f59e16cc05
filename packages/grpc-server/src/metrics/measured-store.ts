import { type Commit, type CommitResult, type DueClaim, type Millis, PresenceError } from "@presence/domain";
import type { Metrics } from "./metrics.ts";
import type { Around, StoreObserver } from "./observed-store.ts";

/** Times what a store is asked, and counts what it has written and what its clock says. */
export function measuredStore(metrics: Metrics): StoreObserver {
  const { storeDuration, storeInFlight } = metrics;
  let answering = true;

  const around: Around = async (operation, run) => {
    const startedAt = performance.now();
    const done = (outcome: string) => {
      storeInFlight.dec();
      storeDuration.observe({ operation, outcome }, (performance.now() - startedAt) / 1_000);
      if (operation === "claim_due") answered(outcome === "ok");
    };
    storeInFlight.inc();
    try {
      const result = await run();
      done("ok");
      return result;
    } catch (error) {
      done(error instanceof PresenceError && error.code === "UNAVAILABLE" ? "unavailable" : "failed");
      throw error;
    }
  };

  // Sweeps ask four times a second whatever else happens, so they alone tell an outage.
  function answered(now: boolean): void {
    if (now === answering) return;
    answering = now;
    (now ? metrics.storeRecoveries : metrics.storeOutages).inc();
  }

  return { around, committed: (commits, results) => countMoves(metrics, commits, results), claimed: guardsOf(metrics) };
}

function countMoves(
  { transitions, offlineDelay }: Metrics,
  commits: readonly Commit[],
  results: readonly (CommitResult | PresenceError)[],
) {
  for (const [index, { moves = [], record, decidedAt }] of commits.entries()) {
    if (results[index] !== "committed") continue;
    for (const { from, to, cause } of moves) transitions.inc({ from, to, cause });
    // Only of the last move the record still knows when it was due.
    const last = moves.at(-1);
    if (last?.to === "OFFLINE" && last.cause === "lease-lapsed") offlineDelay.observe(Math.max(0, decidedAt - record.since) / 1_000);
  }
}

/** Watches the store's clock: a later end of a window, or of a blind period, that is not over is a guard raised. */
function guardsOf({ guards, guardActive }: Metrics): (claim: DueClaim) => void {
  const known: Record<"window" | "blind", Millis | undefined> = { window: undefined, blind: undefined };
  return ({ moment: { now, window, blindUntil } }) => {
    const ends = { window: window?.until, blind: blindUntil } as const;
    for (const guard of ["window", "blind"] as const) {
      const until = ends[guard];
      const raised = until !== undefined && until > now;
      if (raised && until !== known[guard]) guards.inc({ guard });
      known[guard] = until;
      guardActive.set({ guard }, Number(raised));
    }
  };
}
