import type { Answer } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count } from "./quantity.ts";
import type { SentinelView } from "./sentinel-view.ts";

/** One sentinel of the settings, and what it says. */
export interface AskedSentinel {
  readonly address: string;
  readonly answer: Answer<SentinelView>;
}

/** Whether the sentinels agree on a master, and could choose another one. */
export function checkSentinels(asked: readonly AskedSentinel[], name: string): Verdict {
  const views = viewsOf(asked);
  const named = new Map<string, number>();
  for (const { master } of views) if (master !== undefined) named.set(master, (named.get(master) ?? 0) + 1);
  if (named.size > 1) {
    const words = [...named].map(([master, times]) => `${times} ${master}`).join(", ");
    return problem(
      `the sentinels disagree on the master of ${name}: ${words}`,
      "a failover may be under way: look again; if it stays so, they cannot reach each other",
    );
  }
  const stuck = views.flatMap(({ canFailOver }) =>
    "refused" in canFailOver && canFailOver.refused.includes("NOQUORUM") ? [canFailOver.refused] : [],
  );
  if (stuck.length > 0) {
    return problem(
      `${count(stuck.length, "sentinel")} could not fail over: ${stuck[0]}`,
      "bring the missing sentinels back; three on three machines, with a quorum of 2, survive the loss of one",
    );
  }
  const unaware = views.length - [...named.values()].reduce((sum, times) => sum + times, 0);
  const [master = "?"] = named.keys();
  const quorum = views[0]?.quorum;
  const found = `${views.length - unaware} of ${count(asked.length, "sentinel")} name ${master}${quorum === undefined ? "" : `, quorum ${quorum}`}`;
  const silent = asked.filter(({ answer }) => "refused" in answer).map(({ address }) => address);
  if (silent.length > 0)
    return note(`${found}; no answer from ${silent.join(", ")}`, "bring it back: with one less no failover may be possible");
  if (unaware > 0) return note(`${found}; the others know no such master`, "let every sentinel in PRESENCE_REDIS_SENTINELS monitor it");
  if (views.some(({ flags }) => flags.has("o_down") || flags.has("s_down"))) {
    return note(`${found}; they take it for down, so another master may follow`, "look again in a moment");
  }
  if (asked.length < 3)
    return note(
      `${found}; fewer than three are named`,
      "name them all in PRESENCE_REDIS_SENTINELS: servers ask the next one when one is away",
    );
  return ok(found);
}

/** Who could take over, as the sentinels see it. */
export function checkSentinelReplicas(asked: readonly AskedSentinel[]): Verdict {
  const views = viewsOf(asked);
  const all = new Map<string, boolean>();
  // Who is usable for one of them is so: they hear of each other's replicas late.
  for (const { replicas } of views) for (const { address, usable } of replicas) all.set(address, usable || all.get(address) === true);
  const lost = [...all].filter(([, usable]) => !usable).map(([address]) => address);
  const usable = all.size - lost.length;
  if (usable === 0) {
    const found =
      all.size === 0 ? "the sentinels know no replica" : `no replica can take over: ${lost.join(", ")} cannot be reached by the sentinels`;
    return note(`${found}; if the master fails, calls are UNAVAILABLE until it is back`, "bring a replica back, or add one");
  }
  if (lost.length > 0) return note(`${count(usable, "replica")} can take over; ${lost.join(", ")} cannot be reached`, "bring it back");
  return ok(`${count(usable, "replica")} can take over`);
}

function viewsOf(asked: readonly AskedSentinel[]): readonly SentinelView[] {
  return asked.flatMap(({ answer }) => ("known" in answer ? [answer.known] : []));
}
