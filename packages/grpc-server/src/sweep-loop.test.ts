import { type Move, presencePolicy } from "@presence/domain";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SweepLoop } from "./sweep-loop.ts";

let lines: { level: number; msg: string; users?: number; seconds?: number }[];
let answers: boolean[];
let results: (() => Promise<number>)[];
let calls: number;
let moves: Move[];
let blind: boolean;
let repairs: (string | undefined)[];
let pages: number;
let leads: boolean;
let loop: SweepLoop;

beforeEach(() => {
  vi.useFakeTimers();
  [lines, answers, results, calls, moves, blind] = [[], [], [], 0, [], false];
  [repairs, pages, leads] = [[], 0, true];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const sweep = async () => {
    calls++;
    const visited = await (results.shift() ?? (async () => 0))();
    return { visited, moves, lagMs: visited, failures: [], blind };
  };
  const repair = async (cursor?: string) => {
    repairs.push(cursor);
    const page = Number(cursor ?? 0) + 1;
    return { leads, armed: 0, failures: [], next: leads && page < pages ? String(page) : undefined };
  };
  loop = new SweepLoop({ service: { sweep, repair, policy: presencePolicy() }, log, onAnswer: (answered) => answers.push(answered) });
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

describe("a mass expiry", () => {
  const lapsed = (count: number) => Array.from({ length: count }, (): Move => ({ from: "ONLINE", to: "OFFLINE", cause: "lease-lapsed" }));

  test("is one line with the number of users and what to look for", async () => {
    moves = lapsed(600);
    await vi.advanceTimersByTimeAsync(4_000);
    moves = [];
    await vi.advanceTimersByTimeAsync(3_000);
    expect(lines).toEqual([expect.objectContaining({ level: 40, msg: expect.stringContaining("a load balancer") })]);
    expect(lines[0]?.users).toBe(16 * 600 + 600);
    expect(lines[0]?.seconds).toBeGreaterThanOrEqual(4);
    expect(loop.massExpiries).toBe(1);
  });

  test("that does not end is told every ten seconds", async () => {
    moves = lapsed(600);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(lines.length).toBe(3);
    expect(loop.massExpiries).toBe(3);
  });

  test("is none where few lapse, or many leave by themselves", async () => {
    moves = lapsed(200);
    await vi.advanceTimersByTimeAsync(3_000);
    moves = lapsed(600).map((move) => ({ ...move, cause: "disconnect" }));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(lines).toEqual([]);
    expect(loop.massExpiries).toBe(0);
  });
});

describe("the repair beside it", () => {
  test("walks over all records page by page, and rests half a lease between rounds", async () => {
    pages = 4;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(repairs).toEqual([undefined, "1", "2", "3"]);
    await vi.advanceTimersByTimeAsync(58_000);
    expect(repairs).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(repairs).toHaveLength(8);
  });

  test("begins at once where the store has lost writes, and only once for them", async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(repairs).toHaveLength(1);
    blind = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(repairs).toHaveLength(2);
    blind = false;
    await vi.advanceTimersByTimeAsync(1_000);
    blind = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(repairs).toHaveLength(3);
  });

  test("is left to another server that leads, and asked about again", async () => {
    leads = false;
    await vi.advanceTimersByTimeAsync(59_000);
    expect(repairs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(repairs).toHaveLength(2);
  });

  test("ends with the loop", async () => {
    pages = 1_000;
    await vi.advanceTimersByTimeAsync(500);
    await loop.stop();
    const { length } = repairs;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(repairs).toHaveLength(length);
  });
});
