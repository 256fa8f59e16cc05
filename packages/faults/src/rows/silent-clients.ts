import { setTimeout as sleep } from "node:timers/promises";
import { milliseconds, percentile } from "../figures.ts";
import type { Lie } from "../lie.ts";
import type { Entry } from "../records.ts";
import { World } from "../world.ts";
import { lagsOf } from "./lags.ts";
import type { Row } from "./row.ts";

const clients = 2_000;
const fewestClients = 500;

/** Many apps die without a word, one after the other. */
export const silentClients: Row = {
  name: "silent-clients",
  fault: `${clients.toLocaleString("en")} clients fall silent within half a lease`,
  target: "OFFLINE once, never early; lag after the deadline p50 ≤ 0.5 s, p99 ≤ 1.5 s",
  async play(timing) {
    const count = Math.max(fewestClients, clients / timing.crowdDivisor);
    const users = Array.from({ length: count }, (_, index) => `silent-${index}`);
    const world = await World.start({ timing, living: 10, fading: 0, watchers: 2, watched: users });
    try {
      const spreadMs = Math.min(timing.leaseMs / 2, 10_000);
      await Promise.all(users.map((user, index) => sleep((spreadMs * index) / count).then(() => connectOnce(world, user))));
      await sleep(timing.leaseMs);
      const lies = await world.verdict();
      const lags = lagsOf(world.recorder.entries, users);
      const left = remainders(world.recorder.entries, timing.leaseMs);
      const early: Lie[] = lags
        .filter((lag) => lag < -1)
        .map((lag) => ({ promise: "truthful", what: `OFFLINE ${-lag} ms before the deadline` }));
      return {
        lies: [...lies, ...early],
        figures: `${lags.length} told; lag p50 ${milliseconds(percentile(lags, 0.5))}, p99 ${milliseconds(percentile(lags, 0.99))}, at most ${milliseconds(percentile(lags, 1))}; the first told ${milliseconds(Math.min(...left))} after a lease since his sign of life was sent`,
      };
    } finally {
      await world.close();
    }
  },
};

/** One sign of life that is acknowledged, and no other. */
async function connectOnce({ channels, recorder }: World, user: string): Promise<void> {
  for (;;) {
    const sentAt = performance.now();
    const acknowledged = await new Promise<boolean>((resolve) => {
      channels[0]?.connect({ userId: user, deviceId: "phone", idleFor: undefined }, (error) => resolve(error === null));
    });
    if (!acknowledged) {
      await sleep(50);
      continue;
    }
    recorder.write({ kind: "alive", user, sentAt });
    recorder.write({ kind: "silent", user });
    return;
  }
}

/** For each word that somebody is OFFLINE: the milliseconds since a lease after his sign of life was sent; negative: it was shorter. */
function remainders(entries: readonly Entry[], leaseMs: number): readonly number[] {
  const sentAt = new Map<string, number>();
  return entries.flatMap((entry) => {
    if (entry.kind === "alive") sentAt.set(entry.user, entry.sentAt);
    const sent = entry.kind === "change" && entry.status === "OFFLINE" ? sentAt.get(entry.user) : undefined;
    return sent === undefined ? [] : [entry.at - sent - leaseMs];
  });
}
