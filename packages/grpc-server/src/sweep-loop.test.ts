import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SweepLoop } from "./sweep-loop.ts";

let lines: { level: number; msg: string }[];
let answers: boolean[];
let results: (() => Promise<number>)[];
let calls: number;
let loop: SweepLoop;

beforeEach(() => {
  vi.useFakeTimers();
  [lines, answers, results, calls] = [[], [], [], 0];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const sweep = async () => {
    calls++;
    const visited = await (results.shift() ?? (async () => 0))();
    return { visited, moves: [], lagMs: visited, failures: [] };
  };
  loop = new SweepLoop({ service: { sweep }, log, onAnswer: (answered) => answers.push(answered) });
  loop.start();
});
afterEach(async () => {
  await loop.stop();
  vi.useRealTimers();
});

// Of the virtual clock; node:timers/promises goes by the real one.
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const fail = () => Promise.reject(new Error("no store"));

describe("a sweep loop", () => {
  test("sweeps at once and then every 250 ms", async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calls).toBe(5);
  });

  test("goes on at once while batches are full", async () => {
    results = [async () => 200, async () => 200, async () => 7];
    await vi.advanceTimersByTimeAsync(10);
    expect(calls).toBe(3);
    expect(loop.lagMs).toBe(7);
  });

  test("never sweeps twice at once", async () => {
    results = [() => sleep(2_000).then(() => 0)];
    await vi.advanceTimersByTimeAsync(2_200);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(calls).toBe(2);
  });

  test("goes on after errors, and logs once an outage", async () => {
    results = [async () => 0, fail, fail, fail, async () => 0, fail];
    await vi.advanceTimersByTimeAsync(1_250);
    expect(answers).toEqual([true, false, false, false, true, false]);
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringContaining("sweeps fail"),
      "sweeps work again",
      expect.stringContaining("sweeps fail"),
    ]);
  });

  test("stop waits for the sweep that runs, and nothing comes after it", async () => {
    let finished = false;
    results = [
      async () => {
        await sleep(500);
        finished = true;
        return 200;
      },
    ];
    await vi.advanceTimersByTimeAsync(10);
    const stopped = loop.stop().then(() => expect(finished).toBe(true));
    await vi.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect(calls).toBe(1);
  });
});
