import { setTimeout as sleep } from "node:timers/promises";
import { seconds } from "../figures.ts";
import type { ServerProcess } from "../server-process.ts";
import { gapMs, type Timing } from "../timing.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const aof: readonly string[] = ["--appendonly", "yes", "--appendfsync", "everysec"];

interface Outage {
  readonly name: string;
  readonly fault: string;
  readonly redisArgs?: readonly string[];
  /** Default 2. */
  readonly servers?: number;
  /** Redis comes back without what it had acknowledged. */
  readonly losesWrites?: true;
  /** What happens before anybody falls silent, such as a snapshot that will be old. */
  before?(world: World): Promise<unknown>;
  begin(world: World): unknown;
  lastsMs(timing: Timing): number;
  end(world: World): unknown;
}

/** Users live through an outage while some fall silent before it and some in it. */
function outage({ name, fault, redisArgs = [], servers = 2, losesWrites, before, begin, lastsMs, end }: Outage): Row {
  return {
    name,
    fault,
    target: "false OFFLINE 0, missed 0, the silent OFFLINE at last and once",
    async play(timing) {
      const world = await World.start({ timing, redisArgs, servers });
      try {
        await before?.(world);
        await sleep(timing.heartbeatMs);
        await world.fade();
        await begin(world);
        const ms = lastsMs(timing);
        await sleep(ms / 2);
        await world.fade();
        await sleep(ms / 2);
        await end(world);
        const overAt = performance.now();
        await world.until("an answer after the outage", () => world.reader.lastAnswerAt > overAt, timing.heartbeatMs * 1.1 + 10_000);
        const recoveredMs = world.reader.lastAnswerAt - overAt;
        const lies = await world.verdict(losesWrites);
        return { lies, figures: `${seconds(ms)} away; first answer ${seconds(recoveredMs)} after; ${world.summary()}` };
      } finally {
        await world.close();
      }
    },
  };
}

const stops: readonly (readonly [name: string, lastsMs: (timing: Timing) => number])[] = [
  ["1s", (timing) => gapMs(timing) / 5],
  ["4.5s", (timing) => gapMs(timing) * 0.9],
  ["9s", (timing) => gapMs(timing) * 1.8],
  ["150s", ({ leaseMs }) => leaseMs * 1.25],
];
const longerThanALease = ({ leaseMs }: Timing) => leaseMs * 1.25;

export const outages: readonly Row[] = [
  ...stops.map(([name, lastsMs]) =>
    outage({
      name: `redis-stopped-${name}`,
      fault: `Redis does not answer for ${name}`,
      begin: ({ redis }) => redis.pause(),
      lastsMs,
      end: ({ redis }) => redis.resume(),
    }),
  ),
  outage({
    name: "redis-killed-aof",
    fault: "Redis killed for longer than a lease, its AOF kept",
    redisArgs: aof,
    begin: ({ redis }) => redis.kill(),
    lastsMs: longerThanALease,
    end: ({ redis }) => redis.restart(),
  }),
  outage({
    name: "redis-killed-rdb",
    fault: "Redis killed for longer than a lease, back with an old snapshot",
    losesWrites: true,
    before: ({ redis }) => redis.ask("SAVE"),
    begin: ({ redis }) => redis.kill(),
    lastsMs: longerThanALease,
    end: ({ redis }) => redis.restart(),
  }),
  outage({
    name: "redis-killed-empty",
    fault: "Redis killed for longer than a lease, back empty",
    losesWrites: true,
    begin: ({ redis }) => redis.kill(),
    lastsMs: longerThanALease,
    end: ({ redis }) => redis.restart(),
  }),
  outage({
    name: "redis-restarted-empty",
    fault: "Redis killed and at once back empty",
    losesWrites: true,
    begin: ({ redis }) => redis.kill(),
    lastsMs: () => 100,
    end: ({ redis }) => redis.restart(),
  }),
  outage({
    name: "servers-down",
    fault: "all servers killed for longer than a lease",
    begin: ({ servers }) => Promise.all(servers.map((server) => server.kill())),
    lastsMs: longerThanALease,
    end: ({ servers }) => Promise.all(servers.map((server) => server.start())),
  }),
  outage({
    name: "servers-frozen",
    fault: "all servers frozen for longer than a lease",
    begin: ({ servers }) => freeze(servers),
    lastsMs: longerThanALease,
    end: ({ servers }) => thaw(servers),
  }),
  outage({
    name: "server-frozen",
    fault: "one of two servers frozen for longer than a lease",
    begin: ({ servers }) => servers[1]?.freeze(),
    lastsMs: longerThanALease,
    end: ({ servers }) => servers[1]?.thaw(),
  }),
  outage({
    name: "server-killed",
    fault: "one of three servers killed, and started again after a heartbeat",
    servers: 3,
    begin: ({ servers }) => servers[1]?.kill(),
    lastsMs: ({ heartbeatMs }) => heartbeatMs,
    end: ({ servers }) => servers[1]?.start(),
  }),
];

function freeze(servers: readonly ServerProcess[]): void {
  for (const server of servers) server.freeze();
}

function thaw(servers: readonly ServerProcess[]): void {
  for (const server of servers) server.thaw();
}
