import { examineCluster } from "./examine-cluster.ts";
import { examineMaster } from "./examine-master.ts";
import { examineSentinels } from "./examine-sentinels.ts";
import type { Finding } from "./finding.ts";
import { type ExamineRedisOptions, lookOf } from "./options.ts";

/**
 * Looks at a Redis as presence uses it, be it one, a sentinel's master or a cluster, and tells what is wrong there. It writes
 * nothing, never looks through all keys, and takes a few seconds where everybody answers. It does not fail: what cannot be reached
 * or is refused is a finding.
 * @throws PresenceError `INVALID_ARGUMENT` naming a key template that cannot be used
 */
export async function examineRedis(options: ExamineRedisOptions): Promise<readonly Finding[]> {
  if ("cluster" in options) return examineCluster(options, lookOf(options, "cluster"));
  if ("sentinels" in options) return examineSentinels(options, lookOf(options, "sentinel"));
  return examineMaster({ url: options.url }, options, lookOf(options, "one"));
}
