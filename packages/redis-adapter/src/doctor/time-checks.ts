import type { ClockFacts, ClockOffset, DueFacts, Expectations } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count, duration } from "./quantity.ts";

const offsetNoteMs = 1_000;
/** The lag that a silent user may see, and the time in which 100,000 at once are done. */
const lagNoteMs = 1_500;
const lagProblemMs = 10_000;

export function checkClockOffset({ offsetMs, roundTripMs }: ClockOffset): Verdict {
  const size = Math.abs(offsetMs);
  if (size < offsetNoteMs)
    return ok(`the clock of Redis is ${duration(size)} off this machine's, give or take ${duration(roundTripMs / 2)}`);
  return note(
    `the clock of Redis is ${duration(size)} ${offsetMs > 0 ? "ahead of" : "behind"} this machine's. Presence does not mind, it goes by Redis alone; times in logs differ`,
    "set both clocks by NTP",
  );
}

/** Whether anybody watches the time. */
export function checkSweeper(clock: ClockFacts | undefined, { gapMs, keyPrefix }: Expectations): Verdict {
  if (clock === undefined) {
    return problem(
      `there is no ${keyPrefix}clock: no server has ever swept here`,
      "start a server on this Redis; if one runs, compare its PRESENCE_KEY_PREFIX and the database number in its REDIS_URL with ours",
    );
  }
  const { now, tick, serverTicks } = clock;
  const ageMs = now - tick;
  if (ageMs > gapMs) {
    return problem(
      `nobody has swept for ${duration(ageMs)}: silent users stay as they are for watchers, and leases get one lease more afterwards`,
      "start a server on this Redis, or read the log of those that run: sweeps fail",
    );
  }
  if (ageMs < -gapMs) {
    return problem(
      `the clock of Redis went back by ${duration(-ageMs)}: time stands still for presence until it has caught up`,
      "set the clock of the Redis machine by NTP, in small steps",
    );
  }
  const sweeping = serverTicks.filter((at) => now - at <= gapMs).length;
  return ok(`${count(sweeping, "server sweeps", "servers sweep")}; the last time was ${duration(Math.max(0, ageMs))} ago`);
}

/** Whether silence proves anything now. */
export function checkWindow(clock: ClockFacts | undefined): Verdict {
  if (clock === undefined) return ok("no window");
  const { now, window, blindUntil, lostAt } = clock;
  if (now < blindUntil) {
    return note(
      `Redis lost writes${lostAt > 0 ? ` ${duration(Math.max(0, now - lostAt))} ago` : ""}, or may have: every OFFLINE is withheld for ${duration(blindUntil - now)} more, and reads of such users answer UNAVAILABLE`,
      "wait; then see the check persistence, or the failover in the log of Redis",
    );
  }
  if (window === undefined) return ok("no window: somebody has always watched");
  if (now < window.until) {
    return note(
      `nobody watched for a while, so leases that would end before ${new Date(window.until).toISOString()} end then, in ${duration(window.until - now)}`,
      "nothing; a server that was away, or Redis, is back",
    );
  }
  return ok(`the last window ended ${duration(now - window.until)} ago`);
}

export function checkSweepLag({ entries, overdue, lagMs }: DueFacts): Verdict {
  if (overdue === 0) return ok(`${count(entries, "entry", "entries")}, none overdue`);
  const found = `${count(overdue, "user")} overdue, the oldest by ${duration(lagMs)}`;
  const advice = "see the check sweeper; if servers sweep, they have more to do than they can: start another one";
  if (lagMs > lagProblemMs) return problem(`${found}: watchers learn of an OFFLINE that late`, advice);
  return lagMs > lagNoteMs ? note(found, advice) : ok(found);
}
