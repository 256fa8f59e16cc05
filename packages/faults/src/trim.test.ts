import { expect, test } from "vitest";
import { findLies } from "./checker.ts";
import type { Entry, Line } from "./records.ts";
import { trim } from "./trim.ts";

const online = { user: "alice", status: "ONLINE", version: 10n, since: 5 } as const;
const offline = { user: "alice", status: "OFFLINE", version: 20n, since: 1_500 } as const;
const check = { earliestMs: 1_000 };

function recorded(...lines: readonly (readonly [at: number, line: Line])[]): readonly Entry[] {
  return lines.map(([at, line]) => ({ at, ...line }) as Entry);
}

const before = recorded(
  [0, { kind: "alive", user: "alice", sentAt: 0 }],
  [1, { kind: "opened", client: "bob" }],
  [2, { kind: "snapshot", client: "bob", ...online, version: 9n }],
  [3, { kind: "change", client: "bob", ...online }],
  [4, { kind: "read", client: "carol", sentAt: 3, ...online }],
  [5, { kind: "alive", user: "alice", sentAt: 5 }],
  [6, { kind: "alive", user: "alice", sentAt: 6 }],
  [7, { kind: "rest", ...online }],
);

test("only what later lines are compared with is kept", () => {
  const kept = trim(before);
  expect(kept.map(({ at }) => at)).toEqual([0, 3, 6]);
  expect(trim(kept)).toEqual(kept);
});

test("a lie after it is found as before it", () => {
  const after = recorded([8, { kind: "change", client: "bob", ...offline, version: 8n }]);
  expect(findLies([...trim(before), ...after], check)).toHaveLength(2);
  expect(findLies([...before.slice(0, -1), ...after], check)).toHaveLength(2);
});

test("who came back after his silence lives again", () => {
  const silence = recorded([10, { kind: "silent", user: "alice" }], [1_600, { kind: "change", client: "bob", ...offline }]);
  const back = recorded(
    [2_000, { kind: "alive", user: "alice", sentAt: 1_999 }],
    [2_001, { kind: "change", client: "bob", ...online, version: 30n }],
  );
  const kept = trim([...trim([...before, ...silence]), ...back]);
  expect(findLies(kept, check)).toEqual([]);
  const lie = recorded([2_010, { kind: "change", client: "bob", ...offline, version: 31n }]);
  expect(findLies([...kept, ...lie], check).map(({ promise }) => promise)).toEqual(["truthful"]);
});
