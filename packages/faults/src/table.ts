import { seconds } from "./figures.ts";
import { countLies } from "./lie.ts";
import type { Outcome, Row } from "./rows/row.ts";

/** One row that was played. */
export interface Played {
  readonly row: Row;
  readonly tookMs: number;
  readonly outcome: Outcome | { readonly failed: string };
}

/** `held`, or what did not hold. */
export function verdictOf({ outcome }: Played): string {
  if ("failed" in outcome) return `failed: ${outcome.failed}`;
  if (outcome.lies.length === 0) return "held";
  const broken = Object.entries(countLies(outcome.lies)).filter(([, count]) => count > 0);
  return `BROKEN: ${broken.map(([promise, count]) => `${promise} ${count}`).join(", ")}`;
}

/** The table in Markdown: fault, target, measured, verdict. */
export function markdownTable(all: readonly Played[]): string {
  const lines = all.map((played) => {
    const { row, outcome, tookMs } = played;
    const figures = "failed" in outcome ? `after ${seconds(tookMs)}` : outcome.figures;
    return `| ${[`\`${row.name}\``, row.fault, row.target, figures, verdictOf(played)].map(cell).join(" | ")} |`;
  });
  return ["| row | fault | must hold | measured | verdict |", "|---|---|---|---|---|", ...lines, ""].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
