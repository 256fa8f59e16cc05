import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { CallLoad } from "../call-load.ts";
import type { Lie } from "../lie.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const callsPerSecond = 200;
const flushEveryMs = 100;

/** Redis forgets every script, again and again. */
export const scriptFlush: Row = {
  name: "script-flush",
  fault: `SCRIPT FLUSH each ${flushEveryMs} ms under ${callsPerSecond} calls/s, for a lease`,
  target: "nothing visible: no call refused, lost 0",
  async play(timing) {
    const world = await World.start({ timing, servers: 1 });
    const load = new CallLoad({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
    try {
      load.start(callsPerSecond);
      await world.fade();
      let flushes = 0;
      for (const deadline = performance.now() + timing.leaseMs; performance.now() < deadline; flushes++) {
        await sleep(flushEveryMs);
        await world.redis.ask("SCRIPT FLUSH");
      }
      await world.fade();
      await load.stop();
      const refused: Lie[] = load
        .refused()
        // A busy machine makes a server give up in time; a script that is missing would be an INTERNAL error.
        .filter(({ code }) => code !== status.UNAVAILABLE)
        .map(({ code, details }) => ({ promise: "reliable", what: `a call was refused with ${status[code]}: ${details}` }));
      return { lies: [...(await world.verdict()), ...refused], figures: `${flushes} times; ${load.summary()}` };
    } finally {
      await load.stop();
      await world.close();
    }
  },
};
