import { setTimeout as sleep } from "node:timers/promises";
import { Changes } from "../changes.ts";
import type { ChaosProxy } from "../chaos-proxy.ts";
import { deliveries } from "../deliveries.ts";
import { percentile, seconds } from "../figures.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const changesEveryMs = 100;
/** Longer than an audit takes to come round. */
const lastsMs = 13_000;

/** The subscribers' connections are open, and what is published does not arrive. Returns what that was, in words. */
function zombie(name: string, fault: string, begin: (proxies: readonly ChaosProxy[]) => string): Row {
  return {
    name,
    fault,
    target: "missed 0 while it lasts; every change told ≤ 12 s after",
    async play(timing) {
      const world = await World.start({ timing, proxied: true, living: 100 });
      const changes = new Changes({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
      try {
        await sleep(timing.heartbeatMs);
        await world.fade();
        changes.start(changesEveryMs);
        const begun = begin(world.proxies);
        await sleep(lastsMs);
        await changes.stop();
        // The fault goes on: whatever is told now was found without a message.
        const lies = await world.verdict();
        const delays = deliveries(world.recorder.entries);
        return {
          lies,
          figures: `${begun}, ${changes.count} changes; told p50 ${seconds(percentile(delays, 0.5))}, p99 ${seconds(percentile(delays, 0.99))}, at most ${seconds(percentile(delays, 1))}`,
        };
      } finally {
        await changes.stop();
        await world.close();
      }
    },
  };
}

export const zombieSubscriptions: readonly Row[] = [
  zombie("zombie-silent", "nothing comes any more on the subscribers' connections, which stay open", (proxies) => {
    return `${proxies.reduce((sum, proxy) => sum + proxy.deaden(), 0)} connections`;
  }),
  zombie("zombie-swallowed", "published messages get lost, PINGs are answered", (proxies) => {
    for (const proxy of proxies) proxy.make({ swallowMessages: true });
    return "every message lost";
  }),
];
