import type { Expectations, Sample, UserFacts } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count } from "./quantity.ts";
import { isGhost, liveRecord, type SessionDrift, sessionDrift } from "./user-drift.ts";

/** So many of a hundred may be on their way: a login a moment ago, a heartbeat to come. */
const transientShare = 0.05;

/** Whether what bears a session's name is one. */
export function checkSessions({ window, users, othersHold }: Sample, expected: Expectations): Verdict {
  const { sessionKey } = expected;
  const found = withSession(users);
  const wrong = found.filter(({ session }) => session?.type !== "hash");
  if (wrong.length > 0) {
    return problem(
      `${count(wrong.length, "key")} of ${found.length} that match ${sessionKey} are no hash, such as that of ${wrong[0]?.userId} (${wrong[0]?.session?.type}): changes of these users fail`,
      "set PRESENCE_SESSION_KEY to what the auth service uses",
    );
  }
  const ghosts = found.filter(isGhost);
  if (ghosts.length > 0) {
    return problem(
      `${count(ghosts.length, "session")} of ${found.length} hold nothing but a status and never end, such as that of ${ghosts[0]?.userId}: somebody writes the status of users who have logged out`,
      "find out who runs HSET on sessions besides the auth service; presence never creates one",
    );
  }
  const lost = withDrift(users, window, expected, "missing");
  if (lost.length > 0) {
    return note(
      `${count(lost.length, "user")} still connected though the session is gone, such as ${lost[0]?.userId}: each ends with the next sign of life, or with the lease`,
      "nothing, if there are few; if many, see the check notifications",
    );
  }
  if (found.length === 0 && !othersHold.sessions)
    return note(`no key matches ${sessionKey}`, "if users are logged in, set PRESENCE_SESSION_KEY to what the auth service uses");
  return ok(`${count(found.length, "session")} read`);
}

/** The TTL policy against what sessions really have. */
export function checkSessionTtl({ window, users }: Sample, expected: Expectations): Verdict {
  const { sessionTtl, leaseTtlMs } = expected;
  const hashes = withSession(users).filter(({ session }) => session?.type === "hash");
  const ttls = hashes.map(({ session }) => session?.ttlMs);
  const none = ttls.filter((ttl) => ttl === undefined).length;
  const shorter = ttls.filter((ttl) => ttl !== undefined && ttl <= leaseTtlMs).length;
  const found = `PRESENCE_SESSION_TTL=${sessionTtl}; of ${count(hashes.length, "session")} ${none} have no TTL, ${shorter} up to a lease, ${hashes.length - none - shorter} more`;
  const drifting = (drift: SessionDrift) => withDrift(users, window, expected, drift);
  const bound = users.filter((user) => user.session !== undefined && liveRecord(user, window)?.bound).length;
  const [endless, cut, stretched] = [drifting("no-ttl"), drifting("too-short"), drifting("too-long")];
  const off = endless.length + cut.length + stretched.length;
  if (off > 0) {
    const [kind, example] =
      cut.length > 0
        ? ["ends before the lease of its connected user, who is then logged out", cut[0]]
        : endless.length > 0
          ? ["of a connected user has no TTL", endless[0]]
          : ["of a connected user outlives the lease", stretched[0]];
    const told = `${found}. ${off} of ${bound} ${off === 1 ? "is" : "are"} not as the policy has it: that of ${example?.userId} ${kind}`;
    const advice =
      "let the auth service set the TTL at login only (EXPIRE, and no PERSIST or shorter EXPIRE later), and set PRESENCE_SESSION_TTL to the same for all servers and for this command";
    return off > transientShare * bound ? problem(told, advice) : note(told, advice);
  }
  if (none === 0) return ok(found);
  return sessionTtl === "off"
    ? note(`${found}. Those end only when the auth service deletes them`, "let the auth service set a TTL, or delete the hash at logout")
    : note(
        `${found}. Those get the lease with the first sign of life and then end with presence; of users who never connect they stay for good`,
        "let the auth service set a TTL at login; a longer one is kept with align; PRESENCE_SESSION_TTL=off leaves all TTLs alone",
      );
}

/** Whether other services read the right status there. */
export function checkSessionStatus({ window, users }: Sample, expected: Expectations): Verdict {
  const bound = users.filter((user) => user.session?.type === "hash" && liveRecord(user, window)?.bound).length;
  const missing = withDrift(users, window, expected, "no-status");
  const other = withDrift(users, window, expected, "other-status");
  const wrong = [...missing, ...other];
  if (wrong.length === 0) return ok(`${count(bound, "session")} of connected users show their status`);
  const kinds = `${missing.length} have no status, ${other.length} another one than presence`;
  const told = `of ${count(bound, "session")} of connected users ${kinds}, such as that of ${wrong[0]?.userId}`;
  const advice =
    "let nobody but presence write the field status, and let the auth service replace a session only at a login; the next heartbeat puts it right";
  return wrong.length > transientShare * bound ? problem(told, advice) : note(told, advice);
}

function withSession(users: readonly UserFacts[]): readonly UserFacts[] {
  return users.filter(({ session }) => session !== undefined);
}

function withDrift(
  users: readonly UserFacts[],
  window: Sample["window"],
  expected: Expectations,
  drift: SessionDrift,
): readonly UserFacts[] {
  return users.filter((user) => sessionDrift(user, window, expected).includes(drift));
}
