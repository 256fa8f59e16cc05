import { setTimeout as sleep } from "node:timers/promises";
import { deliveries } from "../deliveries.ts";
import { milliseconds, percentile } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { Load } from "../load.ts";
import { StoppableWatcher } from "../stoppable-watcher.ts";
import { World } from "../world.ts";
import type { Outcome, Row } from "./row.ts";

const users = Array.from({ length: 1_000 }, (_, index) => `busy-${index}`);
const eventsPerSecond = 5_000;
const maxQueuedBytes = 1024 * 1024;
/** Shorter than the server's keepalive of 30 s, and longer than it and its time-out. */
const shortStopMs = 8_000;
const longStopMs = 45_000;

/** A watcher stands still while everyone changes; the others must not notice, and the server must not remember. */
export const slowWatcher: Row = {
  name: "slow-watcher",
  fault: `a watcher stopped under ${eventsPerSecond.toLocaleString("en")} events/s`,
  target: "≤ 1 MB queued for it, others lose nothing, the last state after SIGCONT, later a snapshot",
  async play(timing) {
    const world = await World.start({
      timing: { ...timing, leaseMs: 120_000, heartbeatMs: 30_000 },
      living: 0,
      fading: 0,
      watchers: 2,
      watched: users,
    });
    const [first, second] = world.channels;
    const watcher = new StoppableWatcher(world.servers[0]?.address ?? "", users);
    const load = new Load(second ?? first ?? raise(), users, world.recorder);
    try {
      await load.connect();
      await world.until("a snapshot", async () => (await watcher.report()).snapshots === 1, 10_000);
      return await play(world, watcher, load);
    } finally {
      load.end();
      await watcher.end();
      await world.close();
    }
  },
};

async function play(world: World, watcher: StoppableWatcher, load: Load): Promise<Outcome> {
  watcher.stop();
  const startedAt = performance.now();
  load.start(eventsPerSecond / world.timing.crowdDivisor);
  await sleep(shortStopMs);
  watcher.goOn();
  await load.stop();
  const seconds = (performance.now() - startedAt) / 1_000;
  await sleep(1_000);
  const { waited, snapshots, told } = await watcher.report();
  for (const { version, ...one } of told) world.recorder.write({ kind: "change", client: "stopped", ...one, version: BigInt(version) });

  watcher.stop();
  await sleep(longStopMs);
  watcher.goOn();
  await world.until("a snapshot after a new connection", async () => (await watcher.report()).snapshots > snapshots, 10_000);
  for (const { version, ...one } of (await watcher.report()).told)
    world.recorder.write({ kind: "snapshot", client: "stopped", ...one, version: BigInt(version) });

  const broken: Lie[] = [];
  if (snapshots !== 1)
    broken.push({ promise: "resumable", what: `the stopped watcher had ${snapshots} snapshots before its keepalive ran out` });
  if (waited.bytes > maxQueuedBytes) broken.push({ promise: "reliable", what: `${waited.bytes} bytes waited for the stopped watcher` });
  const delays = deliveries(world.recorder.entries);
  const rate = Math.round(load.counters.changes / seconds);
  return {
    lies: [...(await world.verdict()), ...broken],
    figures: `${rate} changes/s (${load.counters.errors} refused); ${waited.messages} events, ${(waited.bytes / 1024).toFixed(0)} kB waited for it; others told p99 ${milliseconds(percentile(delays, 0.99))}`,
  };
}

function raise(): never {
  throw new Error("the world has no server");
}
