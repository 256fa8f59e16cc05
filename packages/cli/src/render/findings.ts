import type { Finding, Level } from "@presence/redis-adapter/doctor";
import type { Colors, Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { type Cell, drawTable } from "../table.ts";
import { tabbed } from "./plain.ts";

/**
 * Findings, one a line; on a terminal what to do stands below. Plain columns, in this order for good: name, level, found, advice.
 * What is about one server of many begins with its address, which JSON has in a field of its own.
 */
export async function renderFindings(findings: readonly Finding[], look: Look): Promise<string> {
  if (look.format === "plain") return findings.map((one) => tabbed(one.name, one.level, foundAt(one), one.advice)).join("");
  if (look.format === "json") {
    return findings
      .map(
        ({ name, node, level, found, advice }) => `${printableJson({ name, node: node ?? null, level, found, advice: advice ?? null })}\n`,
      )
      .join("");
  }
  const { colors } = look;
  const rows = findings.flatMap((one): (readonly Cell[])[] => [
    [
      { text: printable(one.name), paint: colors.bold },
      { text: one.level, paint: paintLevel(one.level, colors) },
      { text: printable(foundAt(one)) },
    ],
    ...(one.advice === undefined ? [] : [[{ text: "" }, { text: "" }, { text: `→ ${printable(one.advice)}`, paint: colors.cyan }]]),
  ]);
  return drawTable(["CHECK", "LEVEL", "FOUND"], rows, look);
}

function foundAt({ node, found }: Finding): string {
  return node === undefined ? found : `${node}: ${found}`;
}

function paintLevel(level: Level, colors: Colors): (text: string) => string {
  return { ok: colors.green, note: colors.yellow, problem: colors.red }[level];
}
