import { parseUserId, type UserId } from "@presence/domain";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { SessionEndings } from "./session-endings.ts";

function endings(end: (userId: UserId, seen: boolean) => Promise<void>) {
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  return { lines, hints: new SessionEndings({ service: { sessionEnded: end }, log }) };
}
const user = (index: number) => parseUserId(`user-${index}`);
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("ends of sessions", () => {
  test("are written 16 at a time, whatever comes at once", async () => {
    let [running, most, done] = [0, 0, 0];
    const { hints } = endings(async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      done++;
    });
    for (let index = 0; index < 1_000; index++) hints.add(user(index), false);
    await settled();
    expect([most, done]).toEqual([16, 1_000]);
  });

  test("of one user that wait are one, seen if any was", async () => {
    const told: [UserId, boolean][] = [];
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { hints } = endings(async (userId, seen) => {
      await gate;
      told.push([userId, seen]);
    });
    for (let index = 0; index < 16; index++) hints.add(user(index), false);
    for (const seen of [false, true, false]) hints.add(user(99), seen);
    open();
    await settled();
    expect(told).toHaveLength(17);
    expect(told.at(-1)).toEqual([user(99), true]);
  });

  test("that fail are dropped, logged once an outage and without names", async () => {
    const { hints, lines } = endings(() => Promise.reject(new Error("no store for user-1")));
    for (let index = 0; index < 100; index++) hints.add(user(index), true);
    await settled();
    await hints.stop();
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain("user-");
  });
});
