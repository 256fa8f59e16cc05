import { setTimeout as sleep } from "node:timers/promises";
import { CallLoad } from "../call-load.ts";
import type { Lie } from "../lie.ts";
import { type ProcessUsage, usageOf } from "../process-usage.ts";
import type { Timing } from "../timing.ts";
import { trim } from "../trim.ts";
import { World } from "../world.ts";
import { Random } from "./random.ts";
import { drawFault } from "./random-faults.ts";

export interface SoakOptions {
  readonly timing: Timing;
  readonly durationMs: number;
  /** The same seed draws the same faults; what they meet depends on the machine. */
  readonly seed: number;
  /** How long faults are made before everything comes to rest and is compared. */
  readonly faultsForMs: number;
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void;
}

/** What was found when everything had come to rest. */
export interface Checkpoint {
  readonly atMs: number;
  readonly faults: readonly string[];
  readonly lies: readonly Lie[];
  readonly calls: number;
  readonly refused: number;
  /** Lines that were compared. */
  readonly entries: number;
  readonly servers: readonly ProcessUsage[];
}

const callsPerSecond = 60;
/** What the server that is never killed may grow by, from one rest to a later one. */
const maxGrowthBytes = 100 * 1024 * 1024;
const recoveryMs = 30_000;

/** Random load and random faults, compared at each rest. Ends at the first rest after `durationMs`. */
export async function soak(options: SoakOptions): Promise<readonly Checkpoint[]> {
  const { timing, durationMs, seed, onCheckpoint = () => {} } = options;
  const random = new Random(seed);
  // Nothing that was acknowledged may be lost: leases are not to end early.
  const redisArgs = ["--appendonly", "yes", "--appendfsync", "always"];
  const world = await World.start({ timing, servers: 3, proxied: true, sessions: true, living: 60, fading: 20, watchers: 6, redisArgs });
  const load = new CallLoad({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
  const checkpoints: Checkpoint[] = [];
  const startedAt = performance.now();
  try {
    while (performance.now() - startedAt < durationMs) {
      load.start(callsPerSecond);
      const faults = await makeFaults(world, random, options.faultsForMs);
      await load.stop();
      await world.until("every server answers", () => answersEverywhere(world), timing.heartbeatMs * 1.1 + recoveryMs);
      const lies = [...(await world.verdict()), ...grown(world, checkpoints)];
      const checkpoint: Checkpoint = {
        atMs: performance.now() - startedAt,
        faults,
        lies,
        calls: load.outcomes.length,
        refused: load.refused().length,
        entries: world.recorder.entries.length,
        servers: world.servers.map(({ pid }) => usageOf(pid)),
      };
      checkpoints.push(checkpoint);
      onCheckpoint(checkpoint);
      load.forget();
      world.recorder.keep(trim);
      await world.revive();
    }
    return checkpoints;
  } finally {
    await load.stop();
    await world.close();
  }
}

/** Draws faults, some of them at once, and lets users fall silent in between. Resolves when all are over. */
async function makeFaults(world: World, random: Random, forMs: number): Promise<readonly string[]> {
  const made: string[] = [];
  const failures: unknown[] = [];
  const running = new Map<string, Promise<unknown>>();
  const fadesAt = [random.between(0, forMs), random.between(0, forMs)].sort((a, b) => a - b);
  const startedAt = performance.now();
  for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - startedAt) {
    if (elapsed > (fadesAt[0] ?? Number.POSITIVE_INFINITY)) {
      fadesAt.shift();
      await world.fade();
    }
    const fault = drawFault(world, random);
    await sleep(random.between(0, 1_500));
    if (running.has(fault.owns)) continue;
    made.push(fault.name);
    const played = fault.play().catch((error: unknown) => failures.push(error));
    running.set(
      fault.owns,
      played.then(() => running.delete(fault.owns)),
    );
  }
  await Promise.all(running.values());
  if (failures.length > 0) throw new AggregateError(failures, `a fault could not be made: ${String(failures[0])}`);
  return made;
}

async function answersEverywhere({ channels }: World): Promise<boolean> {
  const answers = channels.map(
    (channel) =>
      new Promise<boolean>((resolve) => {
        const options = { deadline: Date.now() + 1_000 } as never;
        channel.getPresence({ userId: "living-0" }, options, (error) => resolve(error === null));
      }),
  );
  return (await Promise.all(answers)).every(Boolean);
}

function grown({ servers }: World, checkpoints: readonly Checkpoint[]): readonly Lie[] {
  const before = checkpoints[0]?.servers[0]?.rssBytes;
  const now = usageOf(servers[0]?.pid ?? 0).rssBytes;
  if (before === undefined || now === undefined || now - before < maxGrowthBytes) return [];
  return [{ promise: "reliable", what: `a server grew from ${before} to ${now} bytes` }];
}
