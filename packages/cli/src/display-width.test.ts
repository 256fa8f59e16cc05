import { expect, it } from "vitest";
import { displayWidth, wrap } from "./display-width.ts";

it.each([
  ["", 0],
  ["alice", 5],
  ["Grüße", 5],
  ["e\u0301", 1],
  ["会議中", 6],
  ["한국", 4],
  ["👩‍💻", 2],
  ["❤️", 2],
  ["🇪🇺", 2],
  ["ﾊﾛｰ", 3],
])("%s takes %i columns", (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

it("text is wrapped at spaces, and inside a word that is too long for a line", () => {
  expect(wrap("on call until noon", 8)).toEqual(["on call", "until", "noon"]);
  expect(wrap("会議中会議中", 5)).toEqual(["会議", "中会", "議中"]);
  expect(wrap("", 5)).toEqual([""]);
  for (const line of wrap("a longerthanthewidth 会議中 👩‍💻👩‍💻👩‍💻 b", 7)) expect(displayWidth(line)).toBeLessThanOrEqual(7);
});
