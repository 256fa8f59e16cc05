import type { Answer } from "./facts.ts";
import { mapped, type Questions } from "./questions.ts";

/** Slots from `from` to `to`, and who serves them. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  /** `host:port`, as it is announced to clients. */
  readonly master: string;
  readonly replicas: readonly string[];
}

/** A line of CLUSTER NODES. */
export interface KnownNode {
  /** `host:port`; empty where the node has lost its address. */
  readonly address: string;
  readonly flags: ReadonlySet<string>;
  readonly servesSlots: boolean;
}

export const slotCount = 16_384;

/** How a node sends clients to the others. `asked` is its own address, which it may leave out. */
export async function gatherSlots(questions: Questions, asked: string): Promise<Answer<readonly SlotRange[]>> {
  return mapped(await questions.ask(["CLUSTER", "SLOTS"]), (ranges) =>
    (ranges as [from: number, to: number, ...nodes: [host: string | null, port: number][]][]).map(([from, to, master, ...replicas]) => ({
      from,
      to,
      master: master === undefined ? "" : announced(master, asked),
      replicas: replicas.map((replica) => announced(replica, asked)),
    })),
  );
}

export async function gatherNodes(questions: Questions): Promise<Answer<readonly KnownNode[]>> {
  return mapped(await questions.ask(["CLUSTER", "NODES"]), (text) =>
    String(text)
      .trim()
      .split("\n")
      .map((line) => {
        const [, address = "", flags = "", , , , , , ...slots] = line.trim().split(" ");
        const [withoutBus = ""] = address.split("@");
        return {
          address: withoutBus.startsWith(":") ? "" : withoutBus,
          flags: new Set(flags.split(",")),
          servesSlots: slots.some((word) => /^\d/.test(word)),
        };
      }),
  );
}

/** The lines of CLUSTER INFO. */
export async function gatherState(questions: Questions): Promise<Answer<ReadonlyMap<string, string>>> {
  return mapped(
    await questions.ask(["CLUSTER", "INFO"]),
    (text) => new Map(Array.from(String(text).matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = "", value = ""]) => [name, value])),
  );
}

/** Everyone whom clients are sent to. */
export function announcedNodes(ranges: readonly SlotRange[]): {
  readonly masters: readonly string[];
  readonly replicas: readonly string[];
} {
  const masters = new Set(ranges.map(({ master }) => master));
  const replicas = new Set(ranges.flatMap((range) => range.replicas));
  return { masters: [...masters].sort(), replicas: [...replicas].filter((node) => !masters.has(node)).sort() };
}

// A node that does not know its own address leaves the host out: clients stay where they are.
function announced([host, port]: readonly [host: string | null, port: number], asked: string): string {
  const known = host === null || host === "" || host === "?" ? asked.slice(0, asked.lastIndexOf(":")) : host;
  return `${known.includes(":") && !known.startsWith("[") ? `[${known}]` : known}:${port}`;
}
