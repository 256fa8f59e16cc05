import { describe, expect, test } from "vitest";
import { findLies } from "./checker.ts";
import { countLies } from "./lie.ts";
import type { Entry, Line } from "./records.ts";

const earliestMs = 1_000;
const clock = { originMs: 0, bornMs: 0 };
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

/** Bob as he is told of somebody who means to be AWAY. */
const meant: readonly (readonly [number, Line])[] = [
  [1, { kind: "opened", client: "bob" }],
  [2, { kind: "snapshot", client: "bob", ...online }],
  [3, { kind: "intent", user: "alice", status: "AWAY" }],
  [4, { kind: "change", client: "bob", ...online, status: "AWAY", version: 11n }],
  [5, { kind: "changed", ...online, status: "AWAY", version: 11n }],
];

function without(kind: Line["kind"]): readonly (readonly [number, Line])[] {
  return honest.filter(([, line]) => line.kind !== kind);
}

test("an honest record has no lies", () => {
  expect(findLies(recorded(...honest), { earliestMs, clock })).toEqual([]);
  expect(findLies(recorded(...meant), { earliestMs, clock })).toEqual([]);
});

test("a snapshot that is as old as the opening of its watch is no lie, a later one is", () => {
  const lines = [
    [0, { kind: "opened", client: "bob" }],
    [1, { kind: "alive", user: "alice", sentAt: 0 }],
    [2, { kind: "snapshot", client: "bob", ...offline }],
  ] as const;
  const late = [
    [3, { kind: "stale", client: "bob" }],
    [4, { kind: "snapshot", client: "bob", ...offline }],
  ] as const;
  expect(findLies(recorded(...lines), { earliestMs })).toEqual([]);
  expect(findLies(recorded(...lines, ...late), { earliestMs })).toHaveLength(1);
});

test("who comes back and falls silent again may be OFFLINE again", () => {
  const again = [
    [2_100, { kind: "alive", user: "alice", sentAt: 2_099 }],
    [2_101, { kind: "change", client: "bob", ...online, version: 30n }],
    [2_200, { kind: "silent", user: "alice" }],
    [3_300, { kind: "change", client: "bob", ...offline, version: 40n }],
    [3_400, { kind: "rest", ...offline, version: 40n }],
  ] as const;
  expect(findLies(recorded(...without("rest"), ...again), { earliestMs })).toEqual([]);
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

test("a higher version of the same OFFLINE is not a second silence", () => {
  const lines = [
    ...honest.slice(0, -1),
    [1_800, { kind: "change", client: "bob", ...offline, version: 21n }],
    [2_000, { kind: "rest", ...offline, version: 21n }],
  ] as const;
  expect(findLies(recorded(...lines), { earliestMs })).toEqual([]);
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
        [1_800, { kind: "change", client: "bob", ...offline, since: 1_700, version: 21n }],
        [2_000, { kind: "rest", ...offline, since: 1_700, version: 21n }],
      ],
      /bob was told 2 times/,
    ],
    [
      "silent for ever",
      "truthful",
      [...honest.filter(([at]) => at < 1_600), [2_000, { kind: "rest", ...online }]],
      /alice fell silent and is ONLINE/,
    ],
    [
      "one intent, two transitions",
      "single",
      [...meant, [6, { kind: "change", client: "bob", ...online, status: "AWAY", version: 12n }]],
      /alice meant to be AWAY 1 times and became it 2 times/,
    ],
    [
      "a transition that nobody meant",
      "single",
      [...meant, [6, { kind: "read", client: "carol", sentAt: 5, ...online, status: "DND", version: 12n }]],
      /alice meant to be DND 0 times and became it 1 times/,
    ],
    [
      "a status that began in the future",
      "dated",
      [...meant, [6, { kind: "read", client: "carol", sentAt: 5, ...online, since: 3_600_000, version: 11n }]],
      /carol was told a since of alice that is 3599994 ms from the future/,
    ],
    [
      "a version from the future",
      "dated",
      [...meant, [6, { kind: "read", client: "carol", sentAt: 5, ...online, version: 3_600_000_000n }]],
      /a version of alice that is 3599994 ms from the future/,
    ],
    [
      "a deadline by a clock that is behind",
      "dated",
      [...meant, [6, { kind: "read", client: "carol", sentAt: 5, ...online, since: -3_600_000, version: 11n }]],
      /a since of alice that is 3600000 ms older than the user/,
    ],
  ])("%s", (_, promise, lines, what) => {
    const lies = findLies(recorded(...lines), { earliestMs, clock });
    expect(lies.map((lie) => lie.what).join("\n")).toMatch(what);
    expect(countLies(lies)[promise]).toBeGreaterThan(0);
  });
});
