import { type KnownNode, type SlotRange, slotCount } from "./cluster-view.ts";
import type { Expectations } from "./facts.ts";
import { note, ok, problem, type Verdict } from "./finding.ts";
import { count, duration } from "./quantity.ts";

/** What one master says of the cluster. */
export interface StateAtNode {
  readonly node: string;
  /** The lines of CLUSTER INFO. */
  readonly state: ReadonlyMap<string, string>;
}

const spreadNoteMs = 250;

/** Whether every slot is served, as each master sees it: in a partition they differ. */
export function checkClusterState(ranges: readonly SlotRange[], states: readonly StateAtNode[]): Verdict {
  const advice = "redis-cli --cluster check shows which; bring the node back that has them, or redis-cli --cluster fix";
  const served = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const fewest = states.reduce((least, { state }) => Math.min(least, Number(state.get("cluster_slots_assigned") ?? slotCount)), served);
  const uncovered = slotCount - fewest;
  if (uncovered > 0) {
    return problem(
      `${count(uncovered, "slot")} of 16,384 belong to nobody: calls for users whose sessions lie there are UNAVAILABLE, and perhaps all calls`,
      advice,
    );
  }
  const down = states.filter(({ state }) => state.get("cluster_state") !== "ok").map(({ node }) => node);
  if (down.length > 0) {
    return problem(
      `the cluster is down for ${down.join(", ")}: calls are UNAVAILABLE there`,
      "see which node has failed (redis-cli CLUSTER NODES), and bring it or a replica of it back; a failover takes cluster-node-timeout and some seconds",
    );
  }
  const failing = Math.max(0, ...states.map(({ state }) => Number(state.get("cluster_slots_fail") ?? 0)));
  if (failing > 0)
    return problem(
      `${count(failing, "slot")} of 16,384 are served by a node that has failed: calls for their users are UNAVAILABLE`,
      advice,
    );
  return ok(`every master says that all ${slotCount.toLocaleString("en")} slots are served`);
}

/** Nodes that have failed, or have no address, and serve nothing: they do no harm now. */
export function checkFailedNodes(nodes: readonly KnownNode[]): Verdict {
  const failed = nodes.filter(({ flags, servesSlots }) => (flags.has("fail") || flags.has("noaddr")) && !servesSlots);
  if (failed.length === 0) return ok(`${count(nodes.length, "node")} known, none has failed`);
  const names = failed.map(({ address }) => (address === "" ? "one without an address" : address));
  return note(
    `${count(failed.length, "node")} of ${nodes.length} failed and serve nothing now: ${names.join(", ")}`,
    "bring it back: it joins as a replica; or let the others forget it with redis-cli CLUSTER FORGET",
  );
}

/** Deadlines are moved by the clock of the node with the record, and judged by that of the node with the watch clock. */
export function checkClockSpread(
  offsets: readonly { readonly node: string; readonly offsetMs: number }[],
  { gapMs }: Expectations,
): Verdict {
  const sorted = [...offsets].sort((a, b) => a.offsetMs - b.offsetMs);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || sorted.length < 2) return ok("one master, one clock");
  const spread = last.offsetMs - first.offsetMs;
  if (spread < spreadNoteMs) return ok(`the clocks of the masters are within ${duration(spread)}`);
  const found = `the clock of ${last.node} is ${duration(spread)} ahead of that of ${first.node}`;
  const advice = "set the clocks of all nodes by NTP";
  return spread > gapMs / 2
    ? problem(
        `${found}: from ${duration(gapMs)} on every change there is refused as too old, and leases end that much too early or too late`,
        advice,
      )
    : note(`${found}: leases end that much too early or too late`, advice);
}
