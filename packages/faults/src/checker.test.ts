import { describe, expect, test } from "vitest";
import { countLies, findLies } from "./checker.ts";
import type { Entry, Line } from "./records.ts";

const earliestMs = 1_000;
const online = { user: "alice", status: "ONLINE", version: 10n, since: 5 } as const;
const offline = { user: "alice", status: "OFFLINE", version: 20n, since: 1_500 } as const;

/** Lines at the times that stand before them. */
function recorded(...lines: readonly (readonly [at: number, line: Line])[]): readonly Entry[] {
  return lines.map(([at, line]) => ({ at, ...line }) as Entry);
}

const honest: readonly (readonly [number, Line])[] = [
  [0, { kind: "alive", user: "alice", sentAt: 0 }],
  [1, { kind: "opened", client: "bob" }],
  [2, { kind: "snapshot", client: "bob", ...online }],
  [3, { kind: "read", client: "carol", sentAt: 2, ...online }],
  [4, { kind: "silent", user: "alice" }],
  [5, { kind: "stale", client: "bob" }],
  [6, { kind: "live", client: "bob" }],
  [1_600, { kind: "change", client: "bob", ...offline }],
  [1_700, { kind: "read", client: "carol", sentAt: 1_650, ...offline }],
  [2_000, { kind: "rest", ...offline }],
];

function without(kind: Line["kind"]): readonly (readonly [number, Line])[] {
  return honest.filter(([, line]) => line.kind !== kind);
}

test("an honest record has no lies", () => {
  expect(findLies(recorded(...honest), { earliestMs })).toEqual([]);
});

test("after lost writes a single answer may be older than the one before", () => {
  const lines = [...honest, [2_100, { kind: "read", client: "carol", sentAt: 2_050, ...online }]] as const;
  expect(findLies(recorded(...lines), { earliestMs, lostWrites: true })).toEqual([]);
  expect(findLies(recorded(...lines), { earliestMs })).toHaveLength(1);
});

test("an answer that is as old as its question is no lie", () => {
  const asked = (sentAt: number) =>
    recorded([5, { kind: "alive", user: "alice", sentAt: 3 }], [6, { kind: "read", client: "carol", sentAt, ...offline }]);
  expect(findLies(asked(4), { earliestMs })).toEqual([]);
  expect(findLies(asked(5.5), { earliestMs })).toHaveLength(1);
});

describe("a doctored record is rejected:", () => {
  test.each<[string, keyof ReturnType<typeof countLies>, readonly (readonly [number, Line])[], RegExp]>([
    [
      "a version that goes back",
      "ordered",
      [...honest, [2_100, { kind: "read", client: "carol", sentAt: 2_050, ...online, status: "AWAY", version: 9n }]],
      /carol was told version 9/,
    ],
    [
      "one version, two states",
      "unique",
      [...honest, [2_100, { kind: "read", client: "dave", sentAt: 2_050, ...offline, since: 1_501 }]],
      /version 20 of alice is OFFLINE since 1500, and OFFLINE since 1501/,
    ],
    ["a change that never came", "reliable", without("change"), /bob still shows alice as ONLINE/],
    ["a watch without a snapshot", "resumable", [...without("snapshot")], /bob opened a watch/],
    ["a view that stays stale", "resumable", without("live").filter(([at]) => at !== 2), /stale, and nothing since/],
    ["somebody who lives is OFFLINE", "truthful", without("silent"), /alice, who lives, is OFFLINE/],
    [
      "OFFLINE before the lease ends",
      "truthful",
      honest.map(([at, line]) => (line.kind === "change" ? ([900, line] as const) : ([at, line] as const))),
      /OFFLINE 100 ms too early/,
    ],
    [
      "OFFLINE twice",
      "truthful",
      [
        ...honest.slice(0, -1),
        [1_800, { kind: "change", client: "bob", ...offline, version: 21n }],
        [2_000, { kind: "rest", ...offline, version: 21n }],
      ],
      /bob was told 2 times/,
    ],
    [
      "silent for ever",
      "truthful",
      [...honest.filter(([at]) => at < 1_600), [2_000, { kind: "rest", ...online }]],
      /alice fell silent and is ONLINE/,
    ],
  ])("%s", (_, promise, lines, what) => {
    const lies = findLies(recorded(...lines), { earliestMs });
    expect(lies.map((lie) => lie.what).join("\n")).toMatch(what);
    expect(countLies(lies)[promise]).toBeGreaterThan(0);
  });
});
