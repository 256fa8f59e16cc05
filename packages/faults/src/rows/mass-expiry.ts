import { setTimeout as sleep } from "node:timers/promises";
import { CallLoad } from "../call-load.ts";
import { openChannel } from "../channel.ts";
import { fillRedis } from "../crowd.ts";
import { milliseconds, percentile, seconds } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { chunks } from "../reader.ts";
import type { Entry } from "../records.ts";
import type { Timing } from "../timing.ts";
import { WatchRecorder } from "../watch-recorder.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const crowd = 1_000_000;
const lapsing = 100_000;
const spreadMs = 1_000;
const hourMs = 3_600_000;
const usersPerWatch = 5_000;
const callsPerSecond = 50;
const slowMicros = 1_000;
const withinMs = 10_000;

/** A large part of everyone vanishes in one second, as when a region loses its network. */
export const massExpiry: Row = {
  name: "mass-expiry",
  fault: `${lapsing.toLocaleString("en")} leases end in one second among ${crowd.toLocaleString("en")} live users`,
  target: `each OFFLINE exactly once, all within ${seconds(withinMs)}, no script > 5 ms`,
  heavy: true,
  async play(timing) {
    const redisArgs = ["--slowlog-log-slower-than", String(slowMicros), "--slowlog-max-len", "10000"];
    const world = await World.start({ timing, watchers: 1, redisArgs });
    const gone = Array.from({ length: lapsing / timing.crowdDivisor }, (_, index) => `gone-${index}`);
    const load = new CallLoad({ users: world.living.map(({ user }) => user), channels: world.channels, recorder: world.recorder });
    const channels = world.servers.map(({ address }) => openChannel(address));
    const watches = chunks(gone, usersPerWatch).map(
      (users, index) =>
        new WatchRecorder(`watch-${index}`, users, [...channels.slice(index % 2), ...channels.slice(0, index % 2)], world.recorder),
    );
    try {
      const startedAt = performance.now();
      const endsAtMs = await fill(world, gone, timing);
      const filledMs = performance.now() - startedAt;
      for (const watch of watches) watch.open();
      await world.until("every watch has its snapshot", () => watches.every(({ snapshots }) => snapshots > 0), 60_000);
      await world.redis.ask("SLOWLOG RESET");
      await sleep(Math.max(0, endsAtMs - Date.now() - 2_000));
      load.start(callsPerSecond);
      await world.until("all are told to be gone", () => watches.reduce((sum, { events }) => sum + events, 0) >= gone.length, 60_000);
      await sleep(2_000);
      await load.stop();
      world.follow(gone);
      const lies = [...(await world.verdict()), ...notOnce(world.recorder.entries, gone.length)];
      const told = world.recorder.entries.flatMap((entry) =>
        entry.kind === "change" && entry.user.startsWith("gone-") ? [performance.timeOrigin + entry.at - endsAtMs] : [],
      );
      const slow = await slowest(world);
      return {
        lies,
        figures: `${crowd / timing.crowdDivisor} users written in ${seconds(filledMs)}; ${told.length} told p50 ${seconds(percentile(told, 0.5))}, last ${seconds(percentile(told, 1))} after the first lease ended; slowest script ${slow}; meanwhile ${load.summary()}`,
      };
    } finally {
      await load.stop();
      for (const watch of watches) watch.close();
      for (const channel of channels) channel.close();
      await world.close();
    }
  },
};

/** Resolves to when the first of those who lapse does, in milliseconds since 1970. */
async function fill({ redis }: World, gone: readonly string[], { crowdDivisor }: Timing): Promise<number> {
  const living = Array.from({ length: (crowd - lapsing) / crowdDivisor }, (_, index) => `there-${index}`);
  const endOfLiving = Date.now() + hourMs;
  await fillRedis(redis.url, { users: living, leaseUntilMs: () => endOfLiving });
  // Time to write them, and to watch them.
  const endsAtMs = Date.now() + 4_000 + gone.length / 5;
  await fillRedis(redis.url, { users: gone, leaseUntilMs: (index) => endsAtMs + (index / gone.length) * spreadMs });
  return endsAtMs;
}

/** Whoever was not told to be OFFLINE by exactly one change, or earlier than his lease ended. */
function notOnce(entries: readonly Entry[], count: number): readonly Lie[] {
  const times = new Map<string, number>();
  const lies: Lie[] = [];
  for (const entry of entries) {
    if (entry.kind !== "change" || !entry.user.startsWith("gone-")) continue;
    times.set(entry.user, (times.get(entry.user) ?? 0) + 1);
    const early = (entry.since ?? 0) - performance.timeOrigin - entry.at;
    if (early > 1)
      lies.push({ promise: "truthful", what: `${entry.user} was told to be ${entry.status} ${early} ms before his lease ended` });
  }
  for (const [user, told] of times) if (told !== 1) lies.push({ promise: "truthful", what: `${user} went OFFLINE ${told} times` });
  if (times.size !== count) lies.push({ promise: "reliable", what: `${times.size} of ${count} were told to be gone` });
  return lies;
}

/** The longest run of a script, by Redis' own log of what took longer than a millisecond. */
async function slowest({ redis }: World): Promise<string> {
  const log = (await redis.ask("SLOWLOG GET 10000")) as readonly (readonly [
    id: number,
    at: number,
    micros: number,
    args: readonly string[],
  ])[];
  const scripts = log.filter(([, , , [name = ""]]) => /^evalsha$/i.test(name)).map(([, , micros]) => micros / 1_000);
  return scripts.length === 0 ? "below 1 ms" : `${milliseconds(Math.max(...scripts))} (${scripts.length} above 1 ms)`;
}
