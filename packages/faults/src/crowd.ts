import { PresenceError, PresenceService, parseDeviceId, parseUserId, presencePolicy } from "@presence/domain";
import { type RedisAdapter, redisAdapter } from "@presence/redis-adapter";

/** Users who are ONLINE with a phone each, connected without a server in between: many thousands a second. */
export interface CrowdOptions {
  readonly users: readonly string[];
  /** When the lease of the user of this index ends, in milliseconds since 1970; the same for all of a batch. */
  readonly leaseUntilMs: (index: number) => number;
}

const batch = 1_000;
const phone = parseDeviceId("phone");
const anyLeaseMs = 3_600_000;
/** Nobody waits for an answer here. */
const commandTimeoutMs = 10_000;

/** @throws Error where Redis does not take them */
export async function fillRedis(url: string, { users, leaseUntilMs }: CrowdOptions): Promise<void> {
  const adapter = redisAdapter({ url, policy: policyOf(anyLeaseMs), commandTimeoutMs });
  try {
    await ready(adapter);
    for (let from = 0; from < users.length; from += batch) {
      const policy = policyOf(Math.max(1_000, Math.floor(leaseUntilMs(from) - Date.now())));
      // A decision needs a young clock, and it is the sweep that reads it.
      await adapter.store.claimDue(0);
      const calls = users.slice(from, from + batch).map((user) => ({ userId: parseUserId(user), deviceId: phone }));
      const outcomes = await new PresenceService({ ...adapter, policy }).heartbeats(calls);
      const failed = outcomes.find((outcome) => outcome instanceof PresenceError || outcome.refusal !== undefined);
      if (failed !== undefined) throw new Error("somebody was not written", { cause: failed });
    }
  } finally {
    adapter.close();
  }
}

function policyOf(leaseTtlMs: number): ReturnType<typeof presencePolicy> {
  return presencePolicy({ leaseTtlMs, heartbeatIntervalMs: Math.floor(leaseTtlMs / 4), graceMs: 0 });
}

async function ready({ store }: RedisAdapter): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      await store.load([]);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
