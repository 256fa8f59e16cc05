import { setTimeout as sleep } from "node:timers/promises";
import { Changes } from "../changes.ts";
import { milliseconds, percentile } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { World } from "../world.ts";
import { lagsOf } from "./lags.ts";
import type { Row } from "./row.ts";

const hourMs = 3_600_000;
const shifts: readonly number[] = [hourMs, -hourMs];

/** Servers whose wall clocks are wrong; Redis' is right. */
export const clockOff: Row = {
  name: "clock-off",
  fault: "the clock of one server an hour ahead, that of the other an hour behind",
  target: "false OFFLINE 0, no deadline and no version moved",
  async play(timing) {
    const world = await World.start({ timing, nodeArgs: (server) => ["--import", shiftedClock(shifts[server] ?? 0)] });
    const changes = new Changes({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
    try {
      changes.start(50);
      await world.fade();
      await sleep(timing.leaseMs);
      await world.fade();
      await changes.stop();
      const wrong = world.servers.filter(({ log }, index) => !isOff(log, shifts[index] ?? 0)).length;
      const lies = await world.verdict();
      const silent = world.fading.map(({ user }) => user);
      const lags = lagsOf(world.recorder.entries, silent);
      const broken: Lie[] = wrong === 0 ? [] : [{ promise: "dated", what: `${wrong} servers log the right time: the fault was not there` }];
      return {
        lies: [...lies, ...broken],
        figures: `${changes.count} changes, ${silent.length} silent; OFFLINE told p50 ${milliseconds(percentile(lags, 0.5))}, at most ${milliseconds(percentile(lags, 1))} after the deadline`,
      };
    } finally {
      await changes.stop();
      await world.close();
    }
  },
};

/** A module that moves this process' wall clock, in all its guises. Monotonic time and timers stay, as with a real clock that is wrong. */
function shiftedClock(ms: number): string {
  const source = `
    const Real = Date;
    const now = () => Real.now() + ${ms};
    class Shifted extends Real {
      constructor(...args) { super(...(args.length === 0 ? [now()] : args)); }
      static now() { return now(); }
    }
    globalThis.Date = Shifted;
    Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + ${ms} });
  `;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** Whether a server's log lines carry the time that it was made to believe. */
function isOff(log: string, ms: number): boolean {
  const [, time = ""] = /"time":"?([^",}]+)/.exec(log) ?? [];
  const logged = /^\d+$/.test(time) ? Number(time) : Date.parse(time);
  return Math.abs(logged - Date.now() - ms) < hourMs / 2;
}
