import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { CallLoad } from "../call-load.ts";
import { milliseconds, percentile, seconds } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { usageOf } from "../process-usage.ts";
import type { Timing } from "../timing.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const callsPerSecond = 400;
const fewestCallsPerSecond = 100;
/** What a server may grow by while calls fail. */
const maxGrowthBytes = 200 * 1024 * 1024;
const sampleEveryMs = 250;

/** Redis stands still, its connections open, while calls come in as before. */
function stall(name: string, how: string, begin: (world: World, ms: number) => unknown, end: (world: World) => unknown): Row {
  return {
    name,
    fault: `Redis stalls 10 s (${how}) under ${callsPerSecond} calls/s`,
    target: "p99 of the time to the error ≤ 0.6 s, server memory bounded, recovery ≤ 2 s",
    async play(timing) {
      const world = await World.start({ timing, servers: 1, redisArgs: ["--enable-debug-command", "yes"] });
      const load = new CallLoad({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
      const memory = new MemoryWatch(world);
      try {
        load.start(Math.max(fewestCallsPerSecond, callsPerSecond / timing.crowdDivisor));
        await sleep(2_000);
        await world.fade();
        const stalledAt = performance.now();
        const ms = stallMs(timing);
        memory.start();
        await begin(world, ms);
        await sleep(ms - (performance.now() - stalledAt));
        await end(world);
        const overAt = performance.now();
        await world.until("an answer after the stall", () => load.answeredSince(overAt).length > 0, 20_000);
        await sleep(5_000);
        await load.stop();
        const grown = memory.stop();
        const lies = await world.verdict();
        const failed = load.refused(stalledAt, overAt);
        const broken: Lie[] = failed
          .filter(({ code }) => code !== status.UNAVAILABLE)
          .map(({ code, details }) => ({ promise: "reliable", what: `a call failed with ${status[code]}: ${details}` }));
        if (grown > maxGrowthBytes) broken.push({ promise: "reliable", what: `a server grew by ${megabytes(grown)} while Redis stalled` });
        const errors = failed.map(({ tookMs }) => tookMs);
        const recoveredMs = Math.min(...load.answeredSince(overAt).map(({ sentAt, tookMs }) => sentAt + tookMs)) - overAt;
        const lastRefused = Math.max(overAt, ...load.refused(overAt).map(({ sentAt }) => sentAt));
        return {
          lies: [...lies, ...broken],
          figures: `stalled ${seconds(ms)}; ${errors.length} errors after p50 ${milliseconds(percentile(errors, 0.5))}, p99 ${milliseconds(percentile(errors, 0.99))}; first answer ${milliseconds(recoveredMs)} after, last refused call sent ${milliseconds(lastRefused - overAt)} after; servers grew ${megabytes(grown)}`,
        };
      } finally {
        memory.stop();
        await load.stop();
        await world.close();
      }
    },
  };
}

/** Longer than the longest gap that proves nothing. */
function stallMs({ leaseMs }: Timing): number {
  return Math.min(10_000, leaseMs * 0.75);
}

export const redisStalls: readonly Row[] = [
  stall(
    "redis-stalls",
    "SIGSTOP",
    ({ redis }) => redis.pause(),
    ({ redis }) => redis.resume(),
  ),
  stall(
    "redis-sleeps",
    "DEBUG SLEEP",
    ({ redis }, ms) => {
      // It answers when it has slept, later than anybody waits.
      redis.ask(`DEBUG SLEEP ${ms / 1_000}`).catch(() => {});
    },
    () => {},
  ),
];

/** How much the servers of a world have grown, at most. */
class MemoryWatch {
  readonly #pids: readonly number[];
  readonly #first: readonly number[];
  #timer: NodeJS.Timeout | undefined;
  #grown = 0;

  constructor({ servers }: World) {
    this.#pids = servers.map(({ pid }) => pid);
    this.#first = this.#now();
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#grown = Math.max(this.#grown, ...this.#now().map((bytes, index) => bytes - (this.#first[index] ?? bytes)));
    }, sampleEveryMs);
  }

  /** Bytes. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#grown;
  }

  #now(): readonly number[] {
    return this.#pids.map((pid) => usageOf(pid).rssBytes ?? 0);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MB`;
}
