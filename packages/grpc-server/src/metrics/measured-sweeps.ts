import type { PresenceService } from "@presence/domain";
import type { Metrics } from "./metrics.ts";

type Sweeper = Pick<PresenceService, "sweep" | "repair" | "policy">;

/** The same sweeps, timed and counted. */
export function measuredSweeps(service: Sweeper, { sweeps, sweepDuration, sweptUsers, unsweptUsers }: Metrics): Sweeper {
  return {
    policy: service.policy,
    repair: (cursor, limit) => service.repair(cursor, limit),
    async sweep(limit) {
      const startedAt = performance.now();
      try {
        const swept = await service.sweep(limit);
        sweeps.inc({ outcome: "ok" });
        sweepDuration.observe((performance.now() - startedAt) / 1_000);
        sweptUsers.inc(swept.visited);
        unsweptUsers.inc(swept.failures.length);
        return swept;
      } catch (error) {
        sweeps.inc({ outcome: "failed" });
        throw error;
      }
    },
  };
}
