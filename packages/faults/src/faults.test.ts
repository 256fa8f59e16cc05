import { describe, expect, test } from "vitest";
import { rows } from "./rows/index.ts";
import { shortTiming } from "./timing.ts";

// Real processes and real faults, twenty times faster than in production; most of it is waiting, so all at once.
describe.concurrent("whatever happens, nobody is lied to:", () => {
  test.each(rows)("$fault", { timeout: 120_000 }, async ({ name, play }) => {
    const { lies, figures } = await play(shortTiming);
    console.log(`${name}: ${figures}`);
    expect(lies).toEqual([]);
  });
});
