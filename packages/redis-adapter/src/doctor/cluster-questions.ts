import { slotOf } from "../cluster/key-slot.ts";
import type { SlotRange } from "./cluster-view.ts";
import type { Answer } from "./facts.ts";
import type { Question, Questions } from "./questions.ts";

const maxRedirections = 3;

/** What is said of keys whose node cannot be asked. */
export const unserved = "no node that can be reached has the key";

/** Whom to ask about a key; undefined: nobody who can be reached. */
export type OwnerOf = (key: string) => string | undefined;

export function ownersIn(ranges: readonly SlotRange[]): OwnerOf {
  return (key) => {
    const slot = slotOf(key);
    return ranges.find(({ from, to }) => slot >= from && slot <= to)?.master;
  };
}

/**
 * Asks each node of a cluster about its own keys, and follows where it is sent while slots move. The time is that of the node
 * with the key `home`.
 */
export function questionsToCluster(nodes: ReadonlyMap<string, Questions>, ownerOf: OwnerOf, home: string): Questions {
  const nodeFor = ([, key]: Question) => ownerOf(key === undefined ? home : String(key));

  const askAt = async (address: string | undefined, questions: readonly Question[]): Promise<readonly Answer<unknown>[]> => {
    const none = (reason: string) => questions.map(([name]) => ({ refused: `${name}: ${reason}` }));
    const node = address === undefined ? undefined : nodes.get(address);
    if (node === undefined) return none(unserved);
    try {
      return await node.askAll(questions);
    } catch (error) {
      // Gone since it was reached; what the others have is still worth a look.
      return none(`${unserved} (${error instanceof Error ? error.message : String(error)})`);
    }
  };

  const follow = async (question: Question, first: Answer<unknown>): Promise<Answer<unknown>> => {
    let answer = first;
    for (let hop = 0; hop < maxRedirections && "refused" in answer; hop++) {
      const [, kind, address] = /^\w+: (MOVED|ASK) \d+ (\S+)/.exec(answer.refused) ?? [];
      if (kind === undefined) break;
      const asked = await askAt(address, kind === "ASK" ? [["ASKING"], question] : [question]);
      answer = asked.at(-1) ?? answer;
    }
    return answer;
  };

  const askAll = async (questions: readonly Question[]): Promise<readonly Answer<unknown>[]> => {
    const byNode = new Map<string | undefined, number[]>();
    for (const [index, question] of questions.entries()) {
      const node = nodeFor(question);
      byNode.set(node, [...(byNode.get(node) ?? []), index]);
    }
    const answers: Answer<unknown>[] = [];
    await Promise.all(
      [...byNode].map(async ([node, indexes]) => {
        const own = indexes.flatMap((index) => questions.slice(index, index + 1));
        const asked = await askAt(node, own);
        for (const [position, index] of indexes.entries()) {
          const [question, answer] = [own[position], asked[position]];
          if (question !== undefined && answer !== undefined) answers[index] = await follow(question, answer);
        }
      }),
    );
    return answers;
  };

  return {
    askAll,
    ask: async (question) => (await askAll([question]))[0] ?? { refused: `${question[0]}: no answer` },
  };
}
