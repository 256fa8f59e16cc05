import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionSettings } from "../connection.ts";
import type { ClusterAddress } from "../deployment.ts";
import { checkClockSpread, checkClusterState, checkFailedNodes } from "./cluster-checks.ts";
import { announcedNodes, gatherNodes, gatherSlots, type KnownNode, type SlotRange } from "./cluster-view.ts";
import { clusterProblem, connectionProblem } from "./connection-problem.ts";
import { addressed } from "./examine-master.ts";
import type { Answer } from "./facts.ts";
import { type Finding, finding, note, ok, problem, type Verdict } from "./finding.ts";
import { gatherMasters } from "./gather-masters.ts";
import { judge, judgeShare } from "./judge.ts";
import type { Look } from "./options.ts";
import { count } from "./quantity.ts";
import { type Reached, reach, type Unreachable } from "./reach.ts";

type Attempt = Reached | Unreachable;

/** What the node that was asked first says of the others. */
interface View {
  readonly from: Reached;
  readonly ranges: readonly SlotRange[];
  readonly nodes: Answer<readonly KnownNode[]>;
}

/** In a failover the last node hears of it a moment later. */
const secondLookMs = 1_500;
/** What a failover under way looks like. */
const passing: ReadonlySet<string> = new Set(["connection", "cluster-nodes", "cluster-state", "role"]);

/** Looks at every master of a cluster, and at the cluster itself. */
export async function examineCluster(address: ClusterAddress & ConnectionSettings, look: Look): Promise<readonly Finding[]> {
  const findings = await lookOnce(address, look);
  const known = findings.length > address.cluster.length;
  if (!known || !findings.some(({ name, level }) => level === "problem" && passing.has(name))) return findings;
  await sleep(secondLookMs);
  return lookOnce(address, look);
}

async function lookOnce({ cluster, ...settings }: ClusterAddress & ConnectionSettings, look: Look): Promise<readonly Finding[]> {
  const attempts = new Map<string, Promise<Attempt>>();
  const reachAll = (addresses: readonly string[]): Promise<readonly Attempt[]> => {
    for (const node of addresses) if (!attempts.has(node)) attempts.set(node, reach({ node }, settings));
    return Promise.all(addresses.flatMap((node) => attempts.get(node) ?? []));
  };
  try {
    const named = await reachAll(cluster);
    const view = await firstView(named);
    if ("findings" in view) return view.findings;
    const { masters, replicas } = announcedNodes(view.ranges);
    const [reachedMasters, reachedReplicas] = await Promise.all([reachAll(masters), reachAll(replicas)]);
    const unreachable = [...reachedMasters, ...reachedReplicas].filter((attempt): attempt is Unreachable => "unreachable" in attempt);
    return [
      connected(view, named, masters, replicas),
      ...unreachable.map((one) => finding("cluster-nodes", clusterProblem(one, masters.includes(one.address)), one.address)),
      ...(unreachable.length > 0 ? [] : [finding("cluster-nodes", ok("every node can be reached where it is announced"))]),
      ...(await examineMasters(
        view,
        reachedMasters.filter((attempt): attempt is Reached => !("unreachable" in attempt)),
        look,
      )),
    ];
  } catch (error) {
    return [finding("connection", connectionProblem(cluster.join(", "), error))];
  } finally {
    for (const attempt of await Promise.all(attempts.values())) if (!("unreachable" in attempt)) attempt.close();
  }
}

/** That of the first node that has one; else why nobody has. */
async function firstView(named: readonly Attempt[]): Promise<View | { readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  for (const attempt of named) {
    if ("unreachable" in attempt) {
      findings.push(finding("connection", connectionProblem(attempt.address, attempt.unreachable), attempt.address));
      continue;
    }
    const ranges = await gatherSlots(attempt.questions, attempt.address);
    if ("known" in ranges && ranges.known.length > 0) {
      return { from: attempt, ranges: ranges.known, nodes: await gatherNodes(attempt.questions) };
    }
    findings.push(finding("connection", noCluster("refused" in ranges ? ranges.refused : undefined), attempt.address));
  }
  return { findings };
}

function noCluster(refused: string | undefined): Verdict {
  if (refused === undefined)
    return problem("it knows nobody who serves a slot", "let it meet the others: redis-cli --cluster create, or CLUSTER MEET");
  if (/cluster support disabled/i.test(refused)) {
    return problem("it is no node of a Redis Cluster", "set REDIS_URL in the place of PRESENCE_REDIS_CLUSTER");
  }
  return problem(
    `it does not tell who serves which slot: ${refused}`,
    "let the user of PRESENCE_REDIS_USERNAME run CLUSTER SLOTS, which the servers need too",
  );
}

function connected({ from }: View, named: readonly Attempt[], masters: readonly string[], replicas: readonly string[]): Finding {
  const found = `connected to ${from.address}, in a cluster of ${count(masters.length, "master")} and ${count(replicas.length, "replica")}`;
  const silent = named.filter((attempt) => "unreachable" in attempt).map(({ address }) => address);
  if (silent.length === 0) return finding("connection", ok(found));
  return finding(
    "connection",
    note(
      `${found}. Of the addresses in PRESENCE_REDIS_CLUSTER ${silent.length === 1 ? "one does" : `${silent.length} do`} not answer: ${silent.join(", ")}`,
      "nothing, while one of the others answers when a server starts",
    ),
  );
}

async function examineMasters({ ranges, nodes }: View, reached: readonly Reached[], look: Look): Promise<readonly Finding[]> {
  const { expected } = look;
  const all = await gatherMasters(ranges, reached, look);
  const looked = all.filter((one) => "facts" in one);
  const states = looked.flatMap(({ master, state }) => ("known" in state ? [{ node: master.address, state: state.known }] : []));
  const offsets = looked.flatMap(({ master, facts: { offset } }) =>
    "known" in offset ? [{ node: master.address, offsetMs: offset.known.offsetMs }] : [],
  );
  return [
    ...all.flatMap((one) =>
      "error" in one ? [finding("connection", connectionProblem(one.master.address, one.error), one.master.address)] : [],
    ),
    finding("cluster-state", checkClusterState(ranges, states)),
    finding(
      "cluster-failed",
      "known" in nodes ? checkFailedNodes(nodes.known) : note(`not checked, because Redis refused ${nodes.refused}`),
    ),
    finding("clock-spread", checkClockSpread(offsets, expected)),
    ...byCheck(
      looked.map(({ master, facts, hasClock }) =>
        (hasClock ? judge : judgeShare)(facts, expected).map((one) => addressed({ ...one, node: master.address }, master)),
      ),
    ),
  ];
}

/** The same check of all nodes together, in the order of the checks. */
function byCheck(ofNodes: readonly (readonly Finding[])[]): readonly Finding[] {
  const all = ofNodes.flat();
  const longest = ofNodes.reduce((most, findings) => (findings.length > most.length ? findings : most), []);
  return [...new Set(longest.map(({ name }) => name))].flatMap((name) => all.filter((one) => one.name === name));
}
