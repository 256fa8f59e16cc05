import { displayWidth, wrap } from "./display-width.ts";
import type { Look } from "./look.ts";

/** One cell: printable text and how to colour it. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const gap = 2;
const narrowestLastColumn = 16;

/** A table for a terminal, without lines. The last column is wrapped to what the others leave of the width. */
export async function drawTable(titles: readonly string[], rows: readonly (readonly Cell[])[], look: Look): Promise<string> {
  // Loaded only for who looks at a table: a script does not wait for it.
  const { default: Table } = await import("cli-table3");
  const last = titles.length - 1;
  const others = titles
    .slice(0, last)
    .map((title, column) => Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[column]?.text ?? ""))));
  const left = Math.max(narrowestLastColumn, look.columns - others.reduce((sum, width) => sum + width + gap, 0));
  const table = new Table({
    chars: noLines,
    style: { "padding-left": 0, "padding-right": gap, head: [], border: [], compact: true },
    head: titles.map((title) => look.colors.bold(title)),
  });
  for (const row of rows) {
    table.push(row.map(({ text, paint = unpainted }, column) => (column === last ? wrap(text, left) : [text]).map(paint).join("\n")));
  }
  return `${table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}

function unpainted(text: string): string {
  return text;
}

const noLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};
