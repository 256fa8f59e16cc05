import type { Bench } from "./verbs.ts";

const enterScreen = "\u001b[?1049h";
const leaveScreen = "\u001b[?1049l";
const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

type Terminal = Pick<Bench, "print" | "look" | "rows">;

/** Runs `use` on the terminal's second screen. Afterwards what was there before comes back, and below it what `last` gives. */
export async function onSecondScreen(
  { print }: Pick<Terminal, "print">,
  last: () => Promise<string>,
  use: () => Promise<void>,
): Promise<void> {
  await print(enterScreen);
  try {
    await use();
  } finally {
    await print(leaveScreen);
    await print(await last());
  }
}

/** One picture on the second screen: as much of the text as there is room for, and a line below that tells whether it may be believed. */
export function picture(text: string, state: string, { look, rows }: Omit<Terminal, "print">): string {
  const lines = text.trimEnd().split("\n");
  const room = Math.max(3, rows - 2);
  const shown = lines.length > room ? [...lines.slice(0, room - 1), look.colors.dim(`… and ${lines.length - room + 1} more`)] : lines;
  return `${home}${shown.map((line) => `${line}${clearLine}\n`).join("")}${state}${clearLine}${clearBelow}`;
}
