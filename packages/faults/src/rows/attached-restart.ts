import { setTimeout as sleep } from "node:timers/promises";
import { seconds } from "../figures.ts";
import { Gateway } from "../gateway.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const connections = 10;
const devicesEach = 500;
const fewestEach = 100;

/** The only server dies without a word, with every device on it. */
export const attachedRestart: Row = {
  name: "attached-restart",
  fault: `the server killed and started again under ${(connections * devicesEach).toLocaleString("en")} attached devices on ${connections} connections`,
  target: "false OFFLINE 0, missed 0",
  heavy: true,
  async play(timing) {
    const each = Math.max(fewestEach, devicesEach / timing.crowdDivisor);
    const users = Array.from({ length: connections * each }, (_, index) => `attached-${index}`);
    const world = await World.start({ timing, servers: 1, living: 0, fading: 0, watchers: 2, watched: users });
    const [server] = world.servers;
    if (server === undefined) throw new Error("the world has no server");
    const gateways = Array.from(
      { length: connections },
      (_, index) => new Gateway(server.address, users.slice(index * each, (index + 1) * each), world.recorder),
    );
    try {
      await Promise.all(gateways.map((gateway) => gateway.start()));
      // Time for renewals of the stream, and for watchers to be told.
      await sleep(1.5 * timing.heartbeatMs);
      await server.kill();
      await sleep(timing.leaseMs / 6);
      const startedAt = performance.now();
      await server.start();
      await world.until("every gateway has its devices back", () => gateways.every(({ counters }) => counters.resumed > 0), 20_000);
      const back = Math.max(...gateways.map(({ resumedAt }) => resumedAt)) - startedAt;
      // Longer than all leases from before: only those who came back are still there.
      await sleep(1.2 * timing.leaseMs);
      const lost = gateways.reduce((sum, { counters }) => sum + counters.lost, 0);
      const lies = await world.verdict();
      const online = world.shown("ONLINE");
      return {
        lies:
          online === users.length ? lies : [...lies, { promise: "truthful", what: `${online} of ${users.length} are ONLINE at the end` }],
        figures: `${seconds(timing.leaseMs / 6)} away; all ${users.length} devices back ${seconds(back)} after the start; ${lost} lost`,
      };
    } finally {
      for (const gateway of gateways) gateway.close();
      await world.close();
    }
  },
};
