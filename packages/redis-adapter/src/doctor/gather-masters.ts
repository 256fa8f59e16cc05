import { duePartitions } from "../keys.ts";
import { ownersIn, questionsToCluster } from "./cluster-questions.ts";
import { gatherState, type SlotRange } from "./cluster-view.ts";
import type { Answer, Facts } from "./facts.ts";
import { gatherBasics, gatherContents } from "./gather.ts";
import { gatherClock } from "./gather-clock.ts";
import type { Look } from "./options.ts";
import type { Reached } from "./reach.ts";

/** One master, and what it holds. */
export interface LookedAt {
  readonly master: Reached;
  readonly facts: Facts;
  /** The lines of CLUSTER INFO. */
  readonly state: Answer<ReadonlyMap<string, string>>;
  readonly hasClock: boolean;
}

/** A master that stopped answering while it was looked at. */
export interface Lost {
  readonly master: Reached;
  readonly error: unknown;
}

const allPartitions = Array.from({ length: duePartitions }, (_, partition) => partition);

/** Looks at every master; keys that belong to the same user are read wherever they lie. */
export async function gatherMasters(
  ranges: readonly SlotRange[],
  reached: readonly Reached[],
  look: Look,
): Promise<readonly (LookedAt | Lost)[]> {
  const { keys } = look;
  const ownerOf = ownersIn(ranges);
  const all = questionsToCluster(new Map(reached.map(({ address, questions }) => [address, questions])), ownerOf, keys.clock);
  const clock = await gatherClock(all, keys);
  // How quick a node is, before we give it and ourselves something to do.
  const begun = await Promise.all(reached.map((master) => orLost(master, () => gatherBasics(master.questions, look))));
  return Promise.all(
    begun.map(async (one): Promise<LookedAt | Lost> => {
      if ("error" in one) return one;
      const { master, found: basics } = one;
      const { address, questions } = master;
      const partitions = allPartitions.filter((partition) => ownerOf(keys.due(partition)) === address);
      const rest = await orLost(master, async () => ({
        state: await gatherState(questions),
        contents: await gatherContents({ own: questions, all }, look, { clock, partitions, of: reached.length }),
      }));
      if ("error" in rest) return rest;
      const { state, contents } = rest.found;
      return { master, state, facts: { ...basics, ...contents, clock }, hasClock: ownerOf(keys.clock) === address };
    }),
  ).then(withOthers);
}

async function orLost<Found>(master: Reached, gather: () => Promise<Found>): Promise<{ master: Reached; found: Found } | Lost> {
  try {
    return { master, found: await gather() };
  } catch (error) {
    return { master, error };
  }
}

/** Each with what the others hold. */
function withOthers(all: readonly (LookedAt | Lost)[]): readonly (LookedAt | Lost)[] {
  const samples = all.flatMap((one) => ("facts" in one && "known" in one.facts.sample ? [one.facts.sample.known] : []));
  const othersHold = {
    records: samples.some(({ records }) => records > 0),
    sessions: samples.some(({ users }) => users.some(({ session }) => session !== undefined)),
  };
  return all.map((one) => {
    if (!("facts" in one) || !("known" in one.facts.sample)) return one;
    return { ...one, facts: { ...one.facts, sample: { known: { ...one.facts.sample.known, othersHold } } } };
  });
}
