import { setTimeout as sleep } from "node:timers/promises";
import type { RunningRedis } from "@presence/redis-fixture";
import type { ChaosProxy } from "../chaos-proxy.ts";
import type { ServerProcess } from "../server-process.ts";
import type { World } from "../world.ts";
import type { Random } from "./random.ts";

/** One fault that has been drawn: it begins, lasts and is over when its promise resolves. */
export interface RandomFault {
  readonly name: string;
  /** What it has for itself: two faults of one server or of Redis would undo each other. */
  readonly owns: string;
  play(): Promise<unknown>;
}

interface Kind<Target> {
  readonly name: string;
  /** Up to more than a lease, or a few seconds at most. */
  readonly lasts: "long" | "short";
  begin(target: Target, random: Random): unknown;
  end(target: Target): unknown;
}

const nothing = () => {};
const heal = (proxy: ChaosProxy) => proxy.make({});

const ofServers: readonly Kind<ServerProcess>[] = [
  { name: "server killed", lasts: "long", begin: (server) => server.kill(), end: (server) => server.start() },
  { name: "server restarted", lasts: "long", begin: (server) => server.stop(), end: (server) => server.start() },
];

/** Those that the first server suffers, too: it is never killed, so that its memory shows whether anything grows. */
const ofAnyServer: readonly Kind<ServerProcess>[] = [
  { name: "server frozen", lasts: "long", begin: (server) => server.freeze(), end: (server) => server.thaw() },
];

const ofRedis: readonly Kind<RunningRedis>[] = [
  { name: "Redis stopped", lasts: "long", begin: (redis) => redis.pause(), end: (redis) => redis.resume() },
  { name: "Redis killed", lasts: "long", begin: (redis) => redis.kill(), end: (redis) => redis.restart() },
  {
    name: "Redis full",
    lasts: "long",
    begin: (redis) => insist(redis, "CONFIG SET maxmemory 1"),
    end: (redis) => insist(redis, "CONFIG SET maxmemory 0"),
  },
  { name: "subscribers killed", lasts: "short", begin: (redis) => insist(redis, "CLIENT KILL TYPE pubsub"), end: nothing },
  { name: "scripts forgotten", lasts: "short", begin: (redis) => insist(redis, "SCRIPT FLUSH"), end: nothing },
  { name: "notifications off", lasts: "short", begin: (redis) => insist(redis, "CONFIG SET notify-keyspace-events "), end: nothing },
];

const ofProxies: readonly Kind<ChaosProxy>[] = [
  {
    name: "requests late",
    lasts: "short",
    begin: (proxy, random) => proxy.make({ requestsLateMs: random.between(100, 1_000) }),
    end: heal,
  },
  { name: "answers late", lasts: "short", begin: (proxy, random) => proxy.make({ answersLateMs: random.between(100, 1_000) }), end: heal },
  { name: "messages swallowed", lasts: "short", begin: (proxy) => proxy.make({ swallowMessages: true }), end: heal },
  { name: "link stalled", lasts: "short", begin: (proxy) => proxy.make({ stalled: true }), end: heal },
  { name: "link closed", lasts: "short", begin: close, end: heal },
  { name: "link cut", lasts: "short", begin: (proxy, random) => proxy.cut(random.pick(["all", "subscribers"])), end: nothing },
  { name: "subscribers deaf", lasts: "short", begin: (proxy) => proxy.deaden(), end: nothing },
];

/** Draws a fault, whom it meets, and how long it lasts. */
export function drawFault({ servers, proxies, redis, timing }: World, random: Random): RandomFault {
  const draw = <Target>(kind: Kind<Target>, target: Target, owns: string): RandomFault => {
    const ms = kind.lasts === "long" ? random.between(0.05, 1.4) * timing.leaseMs : random.between(200, 4_000);
    const play = async () => {
      await kind.begin(target, random);
      await sleep(ms);
      await kind.end(target);
    };
    return { name: kind.name, owns, play };
  };
  const named = <Target>(targets: readonly Target[], name: string) =>
    targets.map((target, index) => ({ target, owns: `${name} ${index}` }));
  const drawOf = <Target>(kinds: readonly Kind<Target>[], targets: readonly { readonly target: Target; readonly owns: string }[]) =>
    kinds.map((kind) => () => {
      const { target, owns } = random.pick(targets);
      return draw(kind, target, owns);
    });
  const allServers = named(servers, "server");
  // Each kind is as likely as any other.
  const draws = [
    ...drawOf(ofServers, allServers.slice(1)),
    ...drawOf(ofAnyServer, allServers),
    ...drawOf(ofRedis, named([redis], "Redis")),
    ...drawOf(ofProxies, named(proxies, "proxy")),
  ];
  return random.pick(draws)();
}

function close(proxy: ChaosProxy): void {
  proxy.make({ closed: true });
  proxy.cut("all");
}

/** A busy machine may take longer than one question waits. @throws Error where Redis does not answer at all */
async function insist(redis: RunningRedis, command: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await redis.ask(command);
      return;
    } catch (error) {
      if (tries === 10) throw error;
      await sleep(200);
    }
  }
}
