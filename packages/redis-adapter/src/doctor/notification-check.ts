import { withNeededFlags } from "../notification-flags.ts";
import { ok, problem, type Verdict } from "./finding.ts";

/** Whether Redis tells that sessions go and parties change. */
export function checkNotifications(flags: string): Verdict {
  const wanted = withNeededFlags(flags);
  if (wanted === undefined) return ok(`notify-keyspace-events ${flags}`);
  const have = flags === "" ? "notify-keyspace-events is off" : `notify-keyspace-events ${flags} is not enough`;
  return problem(
    `${have}: a logout shows at the next sign of life only, and who joins a party shows late`,
    `redis-cli CONFIG SET notify-keyspace-events ${wanted} (a server does it at its start where it may), and the same in redis.conf`,
  );
}
