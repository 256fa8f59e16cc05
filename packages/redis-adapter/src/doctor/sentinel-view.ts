import type { Answer } from "./facts.ts";
import { mapped, type Questions } from "./questions.ts";

/** What one sentinel says of the master. */
export interface SentinelView {
  /** `host:port`; undefined: it knows no master of that name. */
  readonly master: string | undefined;
  /** What the master is to it, such as `o_down`. */
  readonly flags: ReadonlySet<string>;
  /** How many sentinels have to agree before one takes a master for down. */
  readonly quorum: number | undefined;
  /** Refused where too few sentinels can be reached to choose another master. */
  readonly canFailOver: Answer<unknown>;
  readonly replicas: readonly SentinelReplica[];
}

export interface SentinelReplica {
  readonly address: string;
  /** That sentinel can reach it. */
  readonly usable: boolean;
}

/** @param name what the sentinels call the master */
export async function gatherSentinel(questions: Questions, name: string): Promise<Answer<SentinelView>> {
  const named = await questions.ask(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]);
  if ("refused" in named) return named;
  if (named.known === null) {
    return { known: { master: undefined, flags: new Set(), quorum: undefined, canFailOver: { known: "" }, replicas: [] } };
  }
  const [host = "", port = ""] = named.known as readonly string[];
  const about = mapped(await questions.ask(["SENTINEL", "MASTER", name]), (flat) => pairs(flat as readonly string[]));
  const replicas = mapped(await questions.ask(["SENTINEL", "REPLICAS", name]), (lists) =>
    (lists as readonly (readonly string[])[]).map((flat) => replicaFrom(pairs(flat))),
  );
  const master = "known" in about ? about.known : undefined;
  return {
    known: {
      master: addressOf(host, port),
      flags: new Set(master?.get("flags")?.split(",") ?? []),
      quorum: master === undefined ? undefined : Number(master.get("quorum")),
      canFailOver: await questions.ask(["SENTINEL", "CKQUORUM", name]),
      replicas: "known" in replicas ? replicas.known : [],
    },
  };
}

/** The names of all masters that a sentinel knows. */
export async function gatherMasterNames(questions: Questions): Promise<readonly string[]> {
  const masters = await questions.ask(["SENTINEL", "MASTERS"]);
  if ("refused" in masters) return [];
  return (masters.known as readonly (readonly string[])[]).flatMap((flat) => pairs(flat).get("name") ?? []);
}

// The state of its link to the master is old news by up to ten seconds; the master itself tells who follows.
function replicaFrom(values: ReadonlyMap<string, string>): SentinelReplica {
  const down = /s_down|o_down|disconnected/.test(values.get("flags") ?? "");
  return { address: addressOf(values.get("ip") ?? "", values.get("port") ?? ""), usable: !down };
}

function addressOf(host: string, port: string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function pairs(flat: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let index = 0; index < flat.length; index += 2) values.set(flat[index] ?? "", flat[index + 1] ?? "");
  return values;
}
