import type { DueFacts, Expectations, Sample } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count, percent } from "./quantity.ts";
import { isUnswept } from "./user-drift.ts";

/** Whether records can be read, and are those of our settings. */
export function checkRecords({ records, strangers, users, othersHold }: Sample, { sessionKey, keyPrefix }: Expectations): Verdict {
  const named = (kind: "unknown-format" | "damaged") => users.filter(({ record }) => record?.kind === kind);
  const [damaged, unknown] = [named("damaged"), named("unknown-format")];
  if (damaged.length > 0) {
    return problem(
      `${count(damaged.length, "record")} of ${records} cannot be read, such as that of ${damaged[0]?.userId}: calls for these users fail`,
      `find out who writes to ${keyPrefix}* besides presence; deleting such a record forgets the user's choice, his devices come back`,
    );
  }
  if (unknown.length > 0) {
    return problem(
      `${count(unknown.length, "record")} of ${records} have a format that this version does not know, such as that of ${unknown[0]?.userId}`,
      "a newer server wrote them: upgrade the older servers, and this command",
    );
  }
  if (strangers > 0) {
    return problem(
      `${count(strangers, "record")} of ${records} belong to another session key than ${sessionKey}: their users are unknown to servers with ours`,
      "set PRESENCE_SESSION_KEY to the same for all servers and for this command",
    );
  }
  const endless = users.filter(({ record }) => record?.kind === "readable" && !record.expires).length;
  if (endless > 0)
    return note(`${count(endless, "record")} of ${records} have no TTL and are kept for good`, "find out who runs PERSIST on them");
  return records === 0 && !othersHold.records
    ? note("there are no records: nobody has connected yet, or the settings differ")
    : ok(`${count(records, "record")} read`);
}

/** Whether sweeps will find who falls silent. */
export function checkDueIndex(sample: Sample, due: DueFacts | undefined, { leaseTtlMs }: Expectations): Verdict {
  const held = sample.users.filter(({ record }) => record?.kind === "readable" && record.record.devices.length > 0);
  const unswept = held.filter((user) => isUnswept(user, sample, leaseTtlMs));
  if (unswept.length > 0) {
    return problem(
      `${unswept.length} of ${count(held.length, "user")} with devices have no due entry, such as ${unswept[0]?.userId}: if he falls silent, readers see it, watchers do not`,
      "let a server run: its repair scan writes missing entries again; if they go missing again, see the check eviction",
    );
  }
  const orphans = due?.withoutRecord ?? 0;
  if (due !== undefined && orphans > 0) {
    return note(
      `${orphans} of ${count(due.checked, "due entry", "due entries")} (${percent(orphans / due.checked)}) have no record: it was deleted, evicted or lost`,
      "nothing: the next sweep that looks drops them; if they come again, see the checks eviction and persistence",
    );
  }
  return ok(`${count(held.length, "user")} with devices, each with a due entry`);
}
