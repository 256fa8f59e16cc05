import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { openChannel } from "../channel.ts";
import { percentile, seconds } from "../figures.ts";
import type { Lie } from "../lie.ts";
import type { Entry } from "../records.ts";
import { WatchRecorder } from "../watch-recorder.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const watches = 1_000;
const connections = 50;
const friends = 10;

/** Servers end in good order, one after the other, as a deployment does it. */
export const rollingRestart: Row = {
  name: "rolling-restart",
  fault: `each of three servers ends by SIGTERM and starts again, under ${watches.toLocaleString("en")} watches on ${connections} connections each`,
  target: "every stream ends UNAVAILABLE and resumes elsewhere; exit ≤ 10 s, missed 0",
  heavy: true,
  async play(timing) {
    const world = await World.start({ timing, servers: 3 });
    const addresses = world.servers.map(({ address }) => address);
    // One connection to each server, shared by many watches.
    const groups = Array.from({ length: connections }, () => addresses.map(openChannel));
    const users = world.living.map(({ user }) => user);
    const crowd = Array.from({ length: watches }, (_, index) => {
      const channels = groups[index % connections] ?? [];
      const first = Math.floor(index / connections) % channels.length;
      const mine = Array.from({ length: friends }, (__, offset) => users[(index + offset) % users.length] ?? "");
      return new WatchRecorder(`crowd-${index}`, mine, [...channels.slice(first), ...channels.slice(0, first)], world.recorder);
    });
    try {
      for (const one of crowd) one.open();
      await world.until("every watch has its snapshot", () => crowd.every(({ snapshots }) => snapshots > 0), 30_000);
      const broken: Lie[] = [];
      const exits: number[] = [];
      for (const server of world.servers) {
        const startedAt = performance.now();
        await server.stop();
        exits.push(performance.now() - startedAt);
        if (server.exitCode !== 0) broken.push({ promise: "resumable", what: `a server ended with ${server.exitCode}` });
        await server.start();
        await sleep(timing.heartbeatMs / 2);
      }
      const lies = await world.verdict();
      const { ends, resumedAfterMs } = resumptions(world.recorder.entries);
      const others = [...ends].filter(([code]) => code !== status.UNAVAILABLE);
      for (const [code, count] of others) broken.push({ promise: "resumable", what: `${count} streams ended ${status[code]}` });
      return {
        lies: [...lies, ...broken],
        figures: `exits ${exits.map(seconds).join(", ")}; ${ends.get(status.UNAVAILABLE) ?? 0} streams ended UNAVAILABLE, ${others.length === 0 ? "none" : "some"} otherwise; resumed p50 ${seconds(percentile(resumedAfterMs, 0.5))}, at most ${seconds(percentile(resumedAfterMs, 1))}`,
      };
    } finally {
      for (const one of crowd) one.close();
      for (const channel of groups.flat()) channel.close();
      await world.close();
    }
  },
};

/** How streams ended, by code; and for each end how long it took until that client had a snapshot again. */
function resumptions(entries: readonly Entry[]): {
  readonly ends: ReadonlyMap<number, number>;
  readonly resumedAfterMs: readonly number[];
} {
  const ends = new Map<number, number>();
  const away = new Map<string, number>();
  const resumedAfterMs: number[] = [];
  for (const entry of entries) {
    if (entry.kind === "closed") {
      ends.set(entry.code ?? status.UNKNOWN, (ends.get(entry.code ?? status.UNKNOWN) ?? 0) + 1);
      away.set(entry.client, away.get(entry.client) ?? entry.at);
    }
    if (entry.kind !== "snapshot") continue;
    const since = away.get(entry.client);
    if (since !== undefined) resumedAfterMs.push(entry.at - since);
    away.delete(entry.client);
  }
  return { ends, resumedAfterMs };
}
