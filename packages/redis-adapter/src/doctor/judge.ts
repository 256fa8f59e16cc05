import { unserved } from "./cluster-questions.ts";
import type { Answer, Expectations, Facts } from "./facts.ts";
import { type Finding, finding, note, problem, type Verdict } from "./finding.ts";
import { checkEviction, checkMemory } from "./memory-checks.ts";
import { checkNotifications } from "./notification-check.ts";
import { checkDueIndex, checkRecords } from "./record-checks.ts";
import { checkLatency, checkSlowScripts } from "./script-checks.ts";
import { checkPersistence, checkReplication, checkRole, checkVersion } from "./server-checks.ts";
import { checkSessionStatus, checkSessions, checkSessionTtl } from "./session-checks.ts";
import { checkClockOffset, checkSweeper, checkSweepLag, checkWindow } from "./time-checks.ts";

interface Check {
  readonly name: string;
  judge(facts: Facts, expected: Expectations): Verdict;
}

type Known<Part extends keyof Facts> = Extract<Facts[Part], { readonly known: unknown }>["known"];

/** In the order in which they are told. */
const checks: readonly Check[] = [
  check("version", "info", checkVersion),
  check("role", "info", checkRole),
  check("eviction", "info", checkEviction),
  check("memory", "info", checkMemory),
  check("persistence", "info", (info, _, { snapshots }) => checkPersistence(info, known(snapshots))),
  check("replication", "info", checkReplication),
  check("notifications", "notificationFlags", checkNotifications),
  check("clock-offset", "offset", checkClockOffset),
  check("latency", "scriptTimes", checkLatency),
  check("slow-scripts", "slowScripts", checkSlowScripts),
  check("sweeper", "clock", checkSweeper),
  check("window", "clock", checkWindow),
  check("sweep-lag", "due", checkSweepLag),
  check("due-index", "sample", (sample, expected, { due }) => checkDueIndex(sample, known(due), expected)),
  check("records", "sample", checkRecords),
  check("sessions", "sample", checkSessions),
  check("session-ttl", "sample", checkSessionTtl),
  check("session-status", "sample", checkSessionStatus),
];

/** The checks of what one server at a time has. */
const ofTheClock: ReadonlySet<string> = new Set(["sweeper", "window"]);

/** What the facts mean: one finding a check. Pure. */
export function judge(facts: Facts, expected: Expectations): readonly Finding[] {
  return checks.map(({ name, judge }) => finding(name, judge(facts, expected)));
}

/** The same of a server that has only a share of the keys, and not the clock. Pure. */
export function judgeShare(facts: Facts, expected: Expectations): readonly Finding[] {
  return judge(facts, expected).filter(({ name }) => !ofTheClock.has(name));
}

function check<Part extends keyof Facts>(
  name: string,
  part: Part,
  judge: (value: Known<Part>, expected: Expectations, facts: Facts) => Verdict,
): Check {
  return {
    name,
    judge: (facts, expected) => {
      const answer: Answer<unknown> = facts[part];
      return "known" in answer ? judge(answer.known as Known<Part>, expected, facts) : unchecked(answer.refused);
    },
  };
}

function unchecked(refused: string): Verdict {
  // A key of ours that is something else is no lack of rights.
  if (refused.includes("WRONGTYPE")) {
    return problem(
      `a key of presence is not what it should be: ${refused}`,
      "find out who else writes to the keys of presence, and delete that key",
    );
  }
  if (refused.includes(unserved) || refused.includes("CLUSTERDOWN"))
    return note(`not checked: ${refused}`, "see the checks cluster-nodes and cluster-state");
  return note(
    `not checked, because Redis refused ${refused}`,
    "ask its provider, or let doctor run as a user who may: redis-cli ACL SETUSER",
  );
}

function known<Value>(answer: Answer<Value>): Value | undefined {
  return "known" in answer ? answer.known : undefined;
}
