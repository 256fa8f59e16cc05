import { expect, test } from "vitest";
import { Progress } from "./progress.ts";
import type { Row } from "./rows/row.ts";

const row: Row = { name: "cut", fault: "a cable cut", target: "nothing", play: () => Promise.reject(new Error("not played here")) };

function shown(isTTY: boolean): string {
  let text = "";
  const progress = new Progress(2, { isTTY, columns: 40, write: (some: string) => (text += some) });
  progress.started(row);
  progress.ended({ row, tookMs: 1_200, outcome: { lies: [{ promise: "ordered", what: "bob saw it" }], figures: "one cable" } });
  progress.close();
  return text;
}

test("a line when a row begins and one when it has ended, with what was not true", () => {
  expect(shown(false)).toBe("… cut: a cable cut\n✗ cut, 1.20 s: BROKEN: ordered 1\n    ordered: bob saw it\n");
});

test("a terminal has one more line for what runs, no wider than it is, and none at the end", () => {
  const lines = shown(true).split("\r\u001b[K");
  expect(lines[1]).toMatch(/^\S+ s, 0 of 2 done; running: cut$/);
  expect(lines.every((line) => line.trimEnd().length < 40)).toBe(true);
  expect(lines.at(-1)).toBe("");
});
