import { expect, it } from "vitest";
import { closest } from "./hint.ts";

const verbs = ["get", "set", "party", "explain", "kick", "list", "stats"];
const statuses = ["online", "away", "dnd", "offline"];

it.each([
  ["gte", "get"],
  ["lsit", "list"],
  ["stat", "stats"],
  ["exlpain", "explain"],
  ["expl", "explain"],
  ["PARTY", "party"],
  ["partys", "party"],
  ["kcik", "kick"],
])("%s is taken for the verb %s", (typed, meant) => {
  expect(closest(typed, verbs)).toBe(meant);
});

it.each([
  ["dnt", "dnd"],
  ["awya", "away"],
  ["of", "offline"],
  ["onlin", "online"],
  ["oflfine", "offline"],
])("%s is taken for the status %s", (typed, meant) => {
  expect(closest(typed, statuses)).toBe(meant);
});

it.each(["", "x", "frobnicate", "zzzz", "a".repeat(10_000)])("%.20j is taken for nothing", (typed) => {
  expect(closest(typed, [...verbs])).toBeUndefined();
});
