import { describe, expect, test } from "vitest";
import { checkClockSpread, checkClusterState, checkFailedNodes } from "./cluster-checks.ts";
import { ownersIn, questionsToCluster, unserved } from "./cluster-questions.ts";
import { announcedNodes, gatherNodes, gatherSlots, type SlotRange } from "./cluster-view.ts";
import type { Answer, Expectations } from "./facts.ts";
import type { Question, Questions } from "./questions.ts";

const expected: Expectations = {
  leaseTtlMs: 120_000,
  gapMs: 5_000,
  sessionTtl: "align",
  sessionKey: "session:%s",
  keyPrefix: "presence:",
  topology: "cluster",
};
const ranges: readonly SlotRange[] = [
  { from: 0, to: 8_191, master: "a:1", replicas: ["c:3"] },
  { from: 8_192, to: 16_383, master: "b:2", replicas: [] },
];
const at = (node: string, lines: Readonly<Record<string, string>>) => ({ node, state: new Map(Object.entries(lines)) });
const outcome = ({ level, found }: { readonly level: string; readonly found: string }) => `${level}: ${found}`;

/** A node that gives these answers, one after the other, and remembers what it was asked. */
function scripted(...answers: readonly Answer<unknown>[]): Questions & { readonly asked: Question[] } {
  const [asked, rest] = [[] as Question[], [...answers]];
  const askAll = async (questions: readonly Question[]) => {
    asked.push(...questions);
    return questions.map(() => rest.shift() ?? { known: "later" });
  };
  return { asked, askAll, ask: async (question) => (await askAll([question]))[0] ?? { known: undefined } };
}

describe("the state of a cluster", () => {
  test.each([
    [[at("a:1", { cluster_state: "ok" }), at("b:2", { cluster_state: "ok" })], /^ok: /],
    [[at("a:1", { cluster_state: "ok" }), at("b:2", { cluster_state: "fail" })], /^problem: the cluster is down for b:2/],
    [[at("a:1", { cluster_state: "ok", cluster_slots_assigned: "16000" })], /^problem: 384 slots of 16,384 belong to nobody/],
    [[at("a:1", { cluster_state: "ok", cluster_slots_fail: "8192" })], /^problem: 8,192 slots .* that has failed/],
    // CLUSTER INFO is refused everywhere.
    [[], /^ok: /],
  ])("%#", (states, outcomeOf) => {
    expect(outcome(checkClusterState(ranges, states))).toMatch(outcomeOf);
  });

  test("slots that nobody announces belong to nobody", () => {
    expect(checkClusterState(ranges.slice(1), []).level).toBe("problem");
  });
});

test.each([
  [[0, 40], "ok"],
  [[-300, 100], "note"],
  [[0, 2_600], "problem"],
  [[7], "ok"],
])("masters whose clocks are %j ms off", (offsets, level) => {
  const nodes = offsets.map((offsetMs, index) => ({ node: `n:${index}`, offsetMs }));
  expect(checkClockSpread(nodes, expected).level).toBe(level);
});

describe("what nodes say of each other", () => {
  test("those that failed and serve nothing are a note", async () => {
    const text = [
      "id1 10.0.0.1:6379@16379,host-1 myself,master - 0 0 1 connected 0-8191 [8192->-id2]",
      "id2 10.0.0.2:6379@16379 master,fail - 1 1 2 disconnected 8192-16383",
      "id3 10.0.0.3:6379@16379 slave,fail id1 1 1 1 disconnected",
      "id4 :0@0 master,noaddr - 1 1 3 disconnected",
      "",
    ].join("\n");
    const nodes = await gatherNodes(scripted({ known: text }));
    if (!("known" in nodes)) throw new Error(nodes.refused);
    expect(nodes.known.map(({ address, servesSlots }) => [address, servesSlots])).toEqual([
      ["10.0.0.1:6379", true],
      ["10.0.0.2:6379", true],
      ["10.0.0.3:6379", false],
      ["", false],
    ]);
    expect(outcome(checkFailedNodes(nodes.known))).toBe(
      "note: 2 nodes of 4 failed and serve nothing now: 10.0.0.3:6379, one without an address",
    );
  });

  test("a node without an address of its own is where it was asked, and IPv6 has brackets", async () => {
    const told = [
      [0, 8_191, [null, 7_000, "id1"], ["::1", 7_001, "id2"]],
      [8_192, 16_383, ["", 7_002, "id3"]],
    ];
    const slots = await gatherSlots(scripted({ known: told }), "10.0.0.9:7000");
    if (!("known" in slots)) throw new Error(slots.refused);
    expect(announcedNodes(slots.known)).toEqual({ masters: ["10.0.0.9:7000", "10.0.0.9:7002"], replicas: ["[::1]:7001"] });
  });
});

describe("questions to a cluster", () => {
  const key = "foo"; // slot 12182
  const here = ownersIn(ranges);

  test("go to the owner of the key, and the time is that of the home key's", async () => {
    const [a, b] = [scripted({ known: "time" }), scripted({ known: "value" })];
    const all = questionsToCluster(
      new Map([
        ["a:1", a],
        ["b:2", b],
      ]),
      here,
      "bar",
    ); // slot 5061
    expect(await all.askAll([["TIME"], ["GET", key]])).toEqual([{ known: "time" }, { known: "value" }]);
    expect([a.asked, b.asked]).toEqual([[["TIME"]], [["GET", key]]]);
  });

  test("follow a slot that has moved, or is moving", async () => {
    const a = scripted({ known: "moved" }, { known: "OK" }, { known: "asked" });
    const b = scripted({ refused: "GET: MOVED 12182 a:1" }, { refused: "GET: ASK 12182 a:1" });
    const all = questionsToCluster(
      new Map([
        ["a:1", a],
        ["b:2", b],
      ]),
      here,
      key,
    );
    expect(await all.ask(["GET", key])).toEqual({ known: "moved" });
    expect(await all.ask(["GET", key])).toEqual({ known: "asked" });
    expect(a.asked).toEqual([["GET", key], ["ASKING"], ["GET", key]]);
  });

  test("say so where nobody can be asked", async () => {
    const broken: Questions = { ask: () => Promise.reject(new Error("gone")), askAll: () => Promise.reject(new Error("gone")) };
    const all = questionsToCluster(new Map([["b:2", broken]]), here, key);
    expect(
      await all.askAll([
        ["GET", key],
        ["GET", "bar"],
      ]),
    ).toEqual([{ refused: `GET: ${unserved} (gone)` }, { refused: `GET: ${unserved}` }]);
  });
});
