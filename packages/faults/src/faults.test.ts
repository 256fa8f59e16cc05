import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { playRows } from "./play.ts";
import { rows } from "./rows/index.ts";
import type { Played } from "./table.ts";
import { shortTiming } from "./timing.ts";

// Real processes and real faults, twenty times faster than in production. Most of it is waiting, so many rows at once: what is true does
// not depend on who else keeps the machine busy, only figures do.
const ends = new Map<string, (one: Played) => void>();
const cases = rows.map((row) => ({ ...row, end: new Promise<Played>((resolve) => ends.set(row.name, resolve)) }));
let playing: Promise<unknown> = Promise.resolve();

beforeAll(() => {
  // The longest row first: its watcher stands still for longer than all others take.
  const order = [...rows.filter(({ name }) => name === "slow-watcher"), ...rows.filter(({ name }) => name !== "slow-watcher")];
  playing = playRows(order, { timing: shortTiming, atOnce: 8, heavyAlone: false, onEnd: (one) => ends.get(one.row.name)?.(one) });
});
afterAll(() => playing);

describe("whatever happens, nobody is lied to:", () => {
  test.each(cases)("$name", { timeout: 240_000 }, async ({ name, end }) => {
    const { outcome, tookMs } = await end;
    console.log(`${name} (${(tookMs / 1_000).toFixed(0)} s): ${"figures" in outcome ? outcome.figures : outcome.failed}`);
    expect(outcome).toMatchObject({ lies: [] });
  });
});
