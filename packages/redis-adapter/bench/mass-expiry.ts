import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { type Crowd, fill, mistakes } from "./crowd.ts";
import { connectTo, percentile, ready, type SweeperOptions, type SweptBy, sweepAndServe } from "./sweeper.ts";

// node dist/bench/mass-expiry.js [users] [so many of them lapse]: by default a million, of whom a hundred thousand lapse
// within one second; swept by one server and then by two, each a process of its own that serves live calls as well.

type Task = Omit<SweeperOptions, "isOver">;
type Report = { readonly moves: number } | { readonly swept: SweptBy };

const taskVariable = "MASS_EXPIRY_TASK";
const giveUpMs = 120_000;

/** A server of the bench: sweeps until its parent says that all have gone OFFLINE. */
async function beServer(task: Task): Promise<void> {
  let over = false;
  process.on("message", () => {
    over = true;
  });
  const tell = (report: Report) => process.send?.(report);
  const deadline = Date.now() + giveUpMs;
  const isOver = (moves: number) => {
    tell({ moves });
    return over || Date.now() > deadline;
  };
  tell({ swept: await sweepAndServe({ ...task, isOver }) });
  process.disconnect();
}

/** Resolves to what each server has done. */
async function sweepWith(url: string, crowd: Crowd, servers: number): Promise<readonly SweptBy[]> {
  let over = false;
  const moves = Array.from({ length: servers }, () => 0);
  const children = moves.map((_, server) => {
    const task: Task = { url, crowd, server, servers };
    return fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, [taskVariable]: JSON.stringify(task) } });
  });
  return Promise.all(
    children.map(
      (child, server) =>
        new Promise<SweptBy>((resolve, reject) => {
          child.once("exit", (code) => reject(new Error(`a server ended with ${code}`)));
          child.on("message", (report: Report) => {
            if ("swept" in report) resolve(report.swept);
            else moves[server] = report.moves;
            if (over || moves.reduce((sum, some) => sum + some, 0) < crowd.lapsing) return;
            over = true;
            for (const one of children) one.send("over");
          });
        }),
    ),
  );
}

async function measure(url: string, client: Redis, servers: number, users: number, lapsing: number): Promise<void> {
  const crowd: Crowd = { name: randomUUID().slice(0, 8), users, lapsing };
  const adapter = connectTo(url, crowd.name);
  await ready(adapter);
  const before = performance.now();
  const start = await fill(adapter.store, client, crowd, 5_000 + lapsing / 10);
  const [, memory = ""] = /used_memory_human:(\S+)/.exec(await client.info("memory")) ?? [];
  console.log(`${users} users in ${((performance.now() - before) / 1_000).toFixed(0)} s, ${memory}; ${lapsing} lapse; servers: ${servers}`);
  await client.config("RESETSTAT");
  await client.slowlog("RESET");
  const swept = await sweepWith(url, crowd, servers);
  const lastMoveAt = Math.max(...swept.map((one) => one.lastMoveAt));
  console.log(
    `  all OFFLINE ${((lastMoveAt - start) / 1_000).toFixed(2)} s after the first lease ended, which is a second before the last one`,
  );
  console.log(
    `  by server: ${swept.map(({ moves, sweeps }) => `${moves} in ${sweeps} sweeps`).join(", ")}; longest lag ${Math.max(...swept.map((one) => one.longestLagMs)).toFixed(0)} ms`,
  );
  await printScripts(client);
  for (const [what, times] of [
    ["getPresence", swept.flatMap(({ reads }) => reads)],
    ["heartbeat", swept.flatMap(({ heartbeats }) => heartbeats)],
  ] as const)
    console.log(
      `  ${what} meanwhile, on the same servers: ${times.length} calls, p50 ${percentile(times, 50).toFixed(1)} ms, p99 ${percentile(times, 99).toFixed(1)} ms, longest ${Math.max(...times).toFixed(1)} ms`,
    );
  const moved = swept.reduce((sum, { moves }) => sum + moves, 0);
  const wrong = await mistakes(adapter.store, crowd, start);
  adapter.close();
  await client.flushall();
  if (moved !== lapsing || wrong.length > 0)
    throw new Error(`${moved} moves of ${lapsing}; ${wrong.length} mistakes: ${wrong.slice(0, 5).join("; ")}`);
  console.log("  each OFFLINE exactly once, none early, nobody else touched");
}

async function printScripts(client: Redis): Promise<void> {
  const [, calls = "0", each = "0"] = /cmdstat_evalsha:calls=(\d+),.*?usec_per_call=([\d.]+)/.exec(await client.info("commandstats")) ?? [];
  const [, percentiles = ""] = /latency_percentiles_usec_evalsha:(\S+)/.exec(await client.info("latencystats")) ?? [];
  console.log(`  scripts: ${calls}, ${each} µs each, ${percentiles} µs`);
  const slow = (await client.slowlog("GET", 10_000)) as [id: number, at: number, micros: number, args: string[]][];
  const longest = slow.toSorted(([, , a], [, , b]) => b - a).slice(0, 3);
  const shown = longest.map(([, , micros, [name, , , key = ""]]) => `${(micros / 1_000).toFixed(2)} ms (${name} on ${key})`);
  console.log(`  commands above 1 ms: ${slow.length}; the longest by the clock, pauses of the process included: ${shown.join(", ")}`);
}

const task = process.env[taskVariable];
if (task !== undefined) await beServer(JSON.parse(task) as Task);
else {
  const [users = 1_000_000, lapsing = 100_000] = process.argv.slice(2, 4).map(Number);
  const redis = await startRedis({ args: ["--slowlog-log-slower-than", "1000", "--slowlog-max-len", "10000"] });
  const client = new Redis(redis.url);
  try {
    for (const servers of [1, 2]) await measure(redis.url, client, servers, users, lapsing);
  } finally {
    client.disconnect();
    await redis.stop();
  }
}
