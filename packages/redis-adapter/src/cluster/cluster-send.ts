import type { Cluster } from "ioredis";
import type { Answer, Command } from "../link.ts";
import { nodeOf, ownerOf } from "./connect-cluster.ts";
import { slotOf } from "./key-slot.ts";

const usable: ReadonlySet<string> = new Set(["wait", "connecting", "connect", "ready"]);
const none: Command = [""];
const noAnswer: Answer = [new Error("no answer"), undefined];

/**
 * Sends all commands, each node's in one pipeline of its own: there is no order between nodes. What a node does not serve (any more),
 * or not yet, is sent again to whom it names.
 */
export async function sendToCluster(cluster: Cluster, commands: readonly Command[]): Promise<readonly Answer[]> {
  // A cluster reads many keys in one command only where they share a slot.
  const parts = commands.map((command): readonly Command[] =>
    command[0] === "MGET" ? command.slice(1).map((key): Command => ["GET", key]) : [command],
  );
  const answers = await sendSingly(cluster, parts.flat());
  let from = 0;
  return commands.map(([name], index): Answer => {
    const to = from + (parts[index]?.length ?? 0);
    const own = answers.slice(from, to);
    from = to;
    if (name !== "MGET") return own[0] ?? noAnswer;
    return [own.find(([error]) => error !== null)?.[0] ?? null, own.map(([, value]) => value)];
  });
}

async function sendSingly(cluster: Cluster, commands: readonly Command[]): Promise<readonly Answer[]> {
  const byNode = new Map<string, number[]>();
  for (const [index, command] of commands.entries()) {
    const node = ownerOf(cluster, slotOf(keyOfCommand(command))) ?? "";
    const own = byNode.get(node);
    if (own === undefined) byNode.set(node, [index]);
    else own.push(index);
  }
  const answers: Answer[] = [];
  await Promise.all(
    [...byNode].map(async ([node, indexes]) => {
      const own = indexes.map((index) => commands[index] ?? none);
      const sent = await sendToNode(cluster, node, own);
      for (const [position, index] of indexes.entries()) answers[index] = sent[position] ?? noAnswer;
    }),
  );
  return answers;
}

/** Sends commands to one node; what it does not serve any more goes to whom it names. */
export async function sendToNode(cluster: Cluster, key: string, commands: readonly Command[]): Promise<readonly Answer[]> {
  const node = nodeOf(cluster, key);
  if (node === undefined) return commands.map((): Answer => [new Error("CLUSTERDOWN no node serves the slot"), undefined]);
  // A node that is met for the first time is being connected to: what comes meanwhile waits for that, no longer than any command.
  if (!usable.has(node.status)) return commands.map((): Answer => [new Error("Connection is closed."), undefined]);
  const answers = (await node.pipeline(commands.map(([name, ...args]) => [name.toLowerCase(), ...args])).exec()) ?? [];
  return Promise.all(
    answers.map((answer, index) => (isRedirected(answer[0]) ? redirect(cluster, commands[index] ?? none) : (answer as Answer))),
  );
}

/**
 * A slot has moved, or is on its way. The command was not carried out. Where the new owner is still being chosen, nothing is sent again: it may
 * lack writes, and what was decided on them must be decided anew.
 */
function isRedirected(error: Error | null): boolean {
  return error !== null && /^(?:MOVED|ASK|TRYAGAIN) /.test(error.message);
}

/** ioredis follows where it is sent, and learns the way. */
async function redirect(cluster: Cluster, [name, ...args]: Command): Promise<Answer> {
  try {
    return [null, await cluster.call(name, ...args)];
  } catch (error) {
    return [error instanceof Error ? error : new Error(String(error)), undefined];
  }
}

/** The first key of a command: the others share its slot. */
function keyOfCommand([name, ...args]: Command): string {
  return String((name === "EVALSHA" || name === "EVAL" ? args[2] : args[0]) ?? "");
}
