import { setTimeout as sleep } from "node:timers/promises";
import { Changes } from "../changes.ts";
import { deliveries } from "../deliveries.ts";
import { milliseconds, percentile } from "../figures.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const cutEveryMs = 1_000;
const changesEveryMs = 10;

/** Everyone's subscriptions break each second, while statuses change. */
export const subscriberCut: Row = {
  name: "subscriber-cut",
  fault: "all subscriber connections killed each second, for a minute",
  target: "missed 0, healed p99 ≤ 2 s",
  async play(timing) {
    const world = await World.start({ timing });
    const changes = new Changes({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
    try {
      changes.start(changesEveryMs);
      const cuts = Math.ceil(timing.leaseMs / 2 / cutEveryMs);
      let killed = 0;
      for (let cut = 0; cut < cuts; cut++) {
        await sleep(cutEveryMs);
        killed += Number(await world.redis.ask("CLIENT KILL TYPE pubsub"));
      }
      await changes.stop();
      const lies = await world.verdict();
      const delays = deliveries(world.recorder.entries);
      const told = `told p50 ${milliseconds(percentile(delays, 0.5))}, p99 ${milliseconds(percentile(delays, 0.99))}, at most ${milliseconds(percentile(delays, 1))}`;
      return { lies, figures: `${killed} connections cut, ${changes.count} changes; ${told}` };
    } finally {
      await changes.stop();
      await world.close();
    }
  },
};
