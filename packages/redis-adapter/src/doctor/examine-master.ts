import type { ConnectionSettings } from "../connection.ts";
import { connectionProblem } from "./connection-problem.ts";
import { type Finding, finding, ok } from "./finding.ts";
import { gatherBasics, gatherContents } from "./gather.ts";
import { gatherClock } from "./gather-clock.ts";
import { judge } from "./judge.ts";
import type { Look } from "./options.ts";
import { type Reached, reach, type Where } from "./reach.ts";

/** Looks at one Redis that has all keys. @param node its name in the findings; undefined: there is only this one */
export async function examineMaster(where: Where, settings: ConnectionSettings, look: Look, node?: string): Promise<readonly Finding[]> {
  const reached = await reach(where, settings);
  const { address } = reached;
  if ("unreachable" in reached) return [finding("connection", connectionProblem(address, reached.unreachable), node)];
  try {
    const { keys, expected } = look;
    const { questions } = reached;
    const clock = await gatherClock(questions, keys);
    const basics = await gatherBasics(questions, look);
    const contents = await gatherContents({ own: questions, all: questions }, look, { clock });
    const findings = judge({ ...basics, ...contents, clock }, expected).map((one) => ({ ...one, node }));
    return [finding("connection", ok(`connected to ${address}`), node), ...findings.map((one) => addressed(one, reached))];
  } catch (error) {
    return [finding("connection", connectionProblem(address, error), node)];
  } finally {
    reached.close();
  }
}

/** With the commands in its advice for the server that it is about. */
export function addressed(one: Finding, { cli }: Pick<Reached, "cli">): Finding {
  return { ...one, advice: one.advice?.replaceAll("redis-cli ", cli) };
}
