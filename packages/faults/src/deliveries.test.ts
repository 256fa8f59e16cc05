import { expect, test } from "vitest";
import { deliveries } from "./deliveries.ts";
import type { Entry } from "./records.ts";

const alice = { user: "alice", status: "ONLINE", since: 5 } as const;

test("a delivery is the time from the answer to the first word that is as new", () => {
  const entries: readonly Entry[] = [
    { at: 0, kind: "snapshot", client: "bob", ...alice, version: 1n },
    { at: 10, kind: "changed", ...alice, version: 2n },
    { at: 20, kind: "changed", ...alice, version: 3n },
    { at: 25, kind: "change", client: "bob", ...alice, version: 3n },
    { at: 29, kind: "changed", ...alice, version: 4n },
    { at: 28, kind: "change", client: "bob", ...alice, version: 4n },
  ];
  expect(deliveries(entries)).toEqual([15, 5, 0]);
});

test("who did not watch at the time is not waited for", () => {
  const entries: readonly Entry[] = [
    { at: 10, kind: "changed", ...alice, version: 2n },
    { at: 20, kind: "snapshot", client: "bob", ...alice, version: 2n },
  ];
  expect(deliveries(entries)).toEqual([]);
});
