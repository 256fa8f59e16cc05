import type { Finding, Level } from "@presence/redis-adapter/doctor";
import type { Colors, Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { type Cell, drawTable } from "../table.ts";
import { tabbed } from "./plain.ts";

/** Findings, one a line; on a terminal what to do stands below. Plain columns, in this order for good: name, level, found, advice. */
export async function renderFindings(findings: readonly Finding[], look: Look): Promise<string> {
  if (look.format === "plain") return findings.map(({ name, level, found, advice }) => tabbed(name, level, found, advice)).join("");
  if (look.format === "json") {
    return findings.map(({ name, level, found, advice }) => `${printableJson({ name, level, found, advice: advice ?? null })}\n`).join("");
  }
  const { colors } = look;
  const rows = findings.flatMap(({ name, level, found, advice }): (readonly Cell[])[] => [
    [{ text: printable(name), paint: colors.bold }, { text: level, paint: paintLevel(level, colors) }, { text: printable(found) }],
    ...(advice === undefined ? [] : [[{ text: "" }, { text: "" }, { text: `→ ${printable(advice)}`, paint: colors.cyan }]]),
  ]);
  return drawTable(["CHECK", "LEVEL", "FOUND"], rows, look);
}

function paintLevel(level: Level, colors: Colors): (text: string) => string {
  return { ok: colors.green, note: colors.yellow, problem: colors.red }[level];
}
