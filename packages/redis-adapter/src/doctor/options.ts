import { defaultPolicy, type SessionTtlPolicy, watchGapMs } from "@presence/domain";
import type { ConnectionSettings } from "../connection.ts";
import type { RedisAddress } from "../deployment.ts";
import { defaultTemplates, Keys, type KeyTemplates } from "../keys.ts";
import type { Expectations, Topology } from "./facts.ts";

/** The settings of the servers on that Redis. */
export interface ExamineSettings extends ConnectionSettings, Partial<Omit<KeyTemplates, "partyKey">> {
  /** Default 120,000. */
  readonly leaseTtlMs?: number | undefined;
  /** Default `align`. */
  readonly sessionTtl?: SessionTtlPolicy | undefined;
  /** An answer that takes longer does not count as one; default 2,000 ms. */
  readonly commandTimeoutMs?: number | undefined;
  /** Of this machine, which is compared with that of Redis; default: its own. */
  readonly wallClockMs?: (() => number) | undefined;
}

/** Where to look, and what to expect there. */
export type ExamineRedisOptions = RedisAddress & ExamineSettings;

/** What every look needs, whatever it looks at. */
export interface Look {
  readonly keys: Keys;
  readonly expected: Expectations;
  readonly wallClockMs: () => number;
}

/** @throws PresenceError `INVALID_ARGUMENT` naming a key template that cannot be used */
export function lookOf(settings: ExamineSettings, topology: Topology): Look {
  const { sessionKey = defaultTemplates.sessionKey, keyPrefix = defaultTemplates.keyPrefix } = settings;
  const { leaseTtlMs = defaultPolicy.leaseTtlMs, sessionTtl = "align", wallClockMs = Date.now } = settings;
  const gapMs = watchGapMs({ ...defaultPolicy, leaseTtlMs });
  return {
    keys: new Keys({ ...defaultTemplates, sessionKey, keyPrefix }),
    expected: { leaseTtlMs, gapMs, sessionTtl, sessionKey, keyPrefix, topology },
    wallClockMs,
  };
}
