import { setTimeout as sleep } from "node:timers/promises";
import type { Lie } from "../checker.ts";
import { milliseconds, percentile } from "../figures.ts";
import type { Entry } from "../records.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const count = 2_000;

/** Many apps die without a word, one after the other. */
export const silentClients: Row = {
  name: "silent-clients",
  fault: `${count.toLocaleString("en")} clients fall silent within half a lease`,
  target: "OFFLINE once, never early; lag after the deadline p50 ≤ 0.5 s, p99 ≤ 1.5 s",
  async play(timing) {
    const users = Array.from({ length: count }, (_, index) => `silent-${index}`);
    const world = await World.start({ timing, living: 10, fading: 0, watchers: 2, watched: users });
    try {
      const spreadMs = Math.min(timing.leaseMs / 2, 10_000);
      await Promise.all(users.map((user, index) => sleep((spreadMs * index) / count).then(() => connectOnce(world, user))));
      await sleep(timing.leaseMs);
      const lies = await world.verdict();
      const lags = lagsOf(world.recorder.entries, users);
      const early: Lie[] = lags
        .filter((lag) => lag < -1)
        .map((lag) => ({ promise: "truthful", what: `OFFLINE ${-lag} ms before the deadline` }));
      return {
        lies: [...lies, ...early],
        figures: `${lags.length} told; lag p50 ${milliseconds(percentile(lags, 0.5))}, p99 ${milliseconds(percentile(lags, 0.99))}, at most ${milliseconds(percentile(lags, 1))}`,
      };
    } finally {
      await world.close();
    }
  },
};

/** One sign of life, and no other. */
async function connectOnce({ channels, recorder }: World, user: string): Promise<void> {
  const sentAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    channels[0]?.connect({ userId: user, deviceId: "phone", idleFor: undefined }, (error) => (error === null ? resolve() : reject(error)));
  });
  recorder.write({ kind: "alive", user, sentAt });
  recorder.write({ kind: "silent", user });
}

/** For each user and watcher: the milliseconds from the deadline, which is when he became OFFLINE, to when the watcher was told. */
function lagsOf(entries: readonly Entry[], users: readonly string[]): readonly number[] {
  const wanted = new Set(users);
  return entries.flatMap((entry) => {
    if (entry.kind !== "change" || entry.status !== "OFFLINE" || entry.since === undefined || !wanted.has(entry.user)) return [];
    return [performance.timeOrigin + entry.at - entry.since];
  });
}
