import type { SlowScript } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count, duration } from "./quantity.ts";

/** Half of the time after which a server gives a command up. */
const tooSlowMs = 250;
const slowMs = 20;
/** While a script runs, everybody waits. */
const blockingMs = 100;
const recentMs = 3_600_000;

/** What the shortest possible script takes, there and back. */
export function checkLatency(times: readonly number[]): Verdict {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const [p50, p99] = [at(0.5), at(0.99)];
  const found = `${count(times.length, "run")} of a script: p50 ${duration(p50)}, p99 ${duration(p99)}`;
  const advice = "look for slow commands of others (redis-cli SLOWLOG GET), a machine without idle CPU, or a long way: redis-cli --latency";
  if (p50 >= tooSlowMs) return problem(`${found}; a server gives a command up after 500 ms`, advice);
  return p50 >= slowMs || p99 >= tooSlowMs ? note(found, advice) : ok(found);
}

export function checkSlowScripts(scripts: readonly SlowScript[]): Verdict {
  if (scripts.length === 0) return ok("none of ours in the slow log");
  const slowest = scripts.reduce((worst, script) => (script.tookMs > worst.tookMs ? script : worst));
  const found = `${count(scripts.length, "slow script")} of ours in the slow log; the slowest took ${duration(slowest.tookMs)}, ${duration(slowest.agoMs)} ago`;
  const advice =
    "redis-cli SLOWLOG GET shows them; a machine that swaps or shares its CPU is the usual reason; redis-cli SLOWLOG RESET starts afresh";
  return scripts.some(({ tookMs, agoMs }) => tookMs >= blockingMs && agoMs <= recentMs) ? problem(found, advice) : note(found, advice);
}
