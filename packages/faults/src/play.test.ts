import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { playRows } from "./play.ts";
import type { Row } from "./rows/row.ts";
import { shortTiming as timing } from "./timing.ts";

const most = { rows: 0, heavy: 0, heavyBesideLight: 0 };
const running = new Set<Row>();

function row(name: string, heavy: boolean): Row {
  const one: Row = {
    ...{ name, fault: "", target: "" },
    ...(heavy && { heavy: true }),
    async play() {
      running.add(one);
      const heavies = [...running].filter((other) => other.heavy === true).length;
      most.rows = Math.max(most.rows, running.size);
      most.heavy = Math.max(most.heavy, heavies);
      if (heavies > 0) most.heavyBesideLight = Math.max(most.heavyBesideLight, running.size - heavies);
      await sleep(5);
      running.delete(one);
      if (name === "fails") throw new Error("no Redis");
      return { lies: [], figures: name };
    },
  };
  return one;
}

test("so many rows at once, heavy ones alone, results in order whatever fails", async () => {
  const rows = [row("first", true), row("fails", false), row("third", false), row("fourth", true), row("fifth", false)];
  const ended: string[] = [];
  const played = await playRows(rows, { timing, atOnce: 2, heavyAlone: true, onEnd: (one) => ended.push(one.row.name) });
  expect(played.map((one) => one.row.name)).toEqual(["first", "fails", "third", "fourth", "fifth"]);
  expect(played[1]?.outcome).toEqual({ failed: "no Redis" });
  expect(ended.slice(3)).toEqual(["first", "fourth"]);
  expect(most).toMatchObject({ rows: 2, heavy: 1, heavyBesideLight: 0 });
  await playRows(rows, { timing, atOnce: 2, heavyAlone: false });
  expect(most).toMatchObject({ rows: 2, heavy: 1, heavyBesideLight: 1 });
});
