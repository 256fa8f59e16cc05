import { decodeStrictly, GetPresenceRequest } from "@presence/proto";
import { describe, expect, test } from "vitest";
import { fuzz, startTargets, summary } from "./index.ts";
import { bytesFor, rpcs, sample } from "./messages.ts";
import { Random } from "./random.ts";

const durationMs = 60_000;

test(
  "servers bear hostile peers: no crash, no hang, no fault in the log, and their memory stays",
  async () => {
    const seed = Date.now() % 1_000_000;
    const targets = await startTargets();
    const reports = await Promise.all(targets.map((target, index) => fuzz(target, seed + 1_000 * index, durationMs)));
    console.log(summary(reports, seed, durationMs));
    expect(reports.flatMap(({ problems }) => problems)).toEqual([]);
    expect(reports.every(({ attacks }) => attacks.size > 5)).toBe(true);
  },
  durationMs + 60_000,
);

test("an attacker that dies is replaced, and the run goes on", async () => {
  const targets = await startTargets();
  let killed = 0;
  const onAttacker = (pid: number | undefined) => {
    if (pid !== undefined && killed++ === 0) process.kill(pid, "SIGKILL");
  };
  const reports = await Promise.all(targets.map((target) => fuzz(target, 1, 4_000, { onAttacker })));
  expect(reports.flatMap(({ problems }) => problems)).toEqual([]);
  expect(reports.map(({ attackersLost }) => attackersLost)).toEqual([1, 0]);
  expect(reports.every(({ attacks }) => attacks.size > 0)).toBe(true);
  expect(summary(reports, 1, 4_000)).toContain("1 attacker died and was replaced.");
}, 60_000);

describe("what is sent", () => {
  test("follows from the seed", () => {
    const bytes = (seed: number) => rpcs.map(({ path }) => bytesFor(path, new Random(seed)).toString("hex"));
    expect(bytes(1)).toEqual(bytes(1));
    expect(bytes(1)).not.toEqual(bytes(2));
  });

  test("has requests of every rpc, good and bad", () => {
    const random = new Random(7);
    for (const { path } of rpcs) expect(sample(path, random)).toBeInstanceOf(Buffer);
    const readable = Array.from({ length: 500 }, () => bytesFor("/presence.v1.PresenceService/GetPresence", random)).filter((bytes) => {
      try {
        decodeStrictly(GetPresenceRequest, bytes);
        return true;
      } catch {
        return false;
      }
    });
    expect(readable.length).toBeGreaterThan(100);
    expect(readable.length).toBeLessThan(450);
  });
});
