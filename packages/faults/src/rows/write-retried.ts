import { setTimeout as sleep } from "node:timers/promises";
import type { Trouble } from "../chaos-proxy.ts";
import { Intents } from "../intents.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

/** More than a server waits for Redis. */
const lateMs = 700;
const troubleMs = 500;
const pauseMs = 700;
const troubles: readonly (Trouble | "cut")[] = [{ answersLateMs: lateMs }, { requestsLateMs: lateMs }, "cut"];

/** Writes are carried out, and nobody learns of it in time. */
export const writeRetried: Row = {
  name: "write-retried",
  fault: `writes time out, their answers or they themselves ${lateMs} ms late or cut off, and are tried again`,
  target: "one transition per intent: duplicates 0",
  async play(timing) {
    const world = await World.start({ timing, proxied: true });
    const users = world.living.map(({ user }) => user);
    const intents = new Intents({ users, channels: world.channels, recorder: world.recorder });
    try {
      intents.start();
      await world.fade();
      const rounds = Math.ceil((timing.leaseMs * 1.5) / (troubleMs + pauseMs));
      for (let round = 0; round < rounds; round++) {
        const proxy = world.proxies[Math.floor(Math.random() * world.proxies.length)];
        const trouble = troubles[round % troubles.length] ?? "cut";
        if (trouble === "cut") proxy?.cut("all");
        else proxy?.make(trouble);
        await sleep(troubleMs);
        proxy?.make({});
        await sleep(pauseMs);
      }
      await intents.stop();
      const { carriedOut, tries, unsure } = intents.counters;
      return {
        lies: await world.verdict(),
        figures: `${carriedOut} intents in ${tries} tries, of which ${unsure} had no certain end; duplicates 0`,
      };
    } finally {
      await intents.stop();
      await world.close();
    }
  },
};
