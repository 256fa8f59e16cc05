import {
  type Commit,
  PresenceError,
  parseDeviceId,
  parseUserId,
  presenceAt,
  presencePolicy,
  statuses,
  type UserId,
} from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { Random } from "./random.ts";
import { RemoteStore, type RemoteStoreParts } from "./remote-store.ts";
import { Scheduler } from "./scheduler.ts";
import { Server } from "./server.ts";
import { SimulatedFeed } from "./simulated-feed.ts";
import { Truth } from "./truth.ts";
import { Watcher } from "./watcher.ts";

/** Twenty times faster than production. */
const policy = presencePolicy({
  leaseTtlMs: 6_000,
  heartbeatIntervalMs: 2_000,
  graceMs: 1_000,
  idleAfterMs: 3_000,
  retentionMs: 3_600_000,
});

const users = ["alice", "bob", "carol"].map((name) => parseUserId(name));
const devices = ["phone", "desktop"].map((name) => parseDeviceId(name));

/** How many servers, and for how many milliseconds things happen before they come to rest. */
const serverCount = 2;
const restlessMs = 15_000;
/** By then every lease has ended, every audit has been round after that, and the slowest watcher has read. */
const restMs = 15_000;

/** What a history came to, for whoever wants to know that it was one. */
export interface HistorySummary {
  readonly steps: number;
  readonly commits: number;
  readonly told: number;
}

/**
 * One history of a small world: servers on one store, people and their friends, and all that can go wrong between them.
 * The same seed is the same history to the last step.
 * @throws BrokenPromise naming seed and step
 */
export async function playHistory(seed: number): Promise<HistorySummary> {
  const random = new Random(seed);
  const scheduler = new Scheduler(random, 1_000_000_000);
  let steps = 0;
  let commits = 0;
  const truth = new Truth(() => `seed ${seed}, step ${steps}, at ${scheduler.now} ms`);
  const adapter = memoryAdapter({ policy, now: () => scheduler.now });
  const servers: Server[] = [];

  const onLoaded: RemoteStoreParts["onLoaded"] = (userIds, { moment, entries }) => {
    for (const [index, userId] of userIds.entries()) truth.becameVisible(presenceAt(userId, entries[index] ?? raise(), moment));
  };
  const onCommitted = ({ event }: Commit) => {
    commits++;
    if (event === undefined) return;
    truth.becameVisible(event);
    for (const { feed } of servers) feed.publish(event);
  };
  const startServer = (): Server => {
    const store = new RemoteStore({ store: adapter.store, scheduler, random, onLoaded, onCommitted });
    return new Server({
      scheduler,
      store,
      feed: new SimulatedFeed(scheduler, random),
      sessions: adapter.sessions,
      parties: adapter.parties,
      policy,
    });
  };
  for (let index = 0; index < serverCount; index++) servers.push(startServer());
  const watchers = [users, users.slice(0, 2), [users[0], users[2]].flatMap((user) => user ?? []), users.slice(1)].map(
    (watched) => new Watcher(watched, scheduler, random, truth),
  );
  const observe = async (): Promise<Map<UserId, ReturnType<typeof presenceAt>>> => {
    const { moment, entries } = await adapter.store.load(users);
    return new Map(users.map((userId, index) => [userId, presenceAt(userId, entries[index] ?? raise(), moment)]));
  };

  const unexpected: unknown[] = [];
  let restless = true;
  const step = () => {
    if (!restless) return false;
    steps++;
    const running = servers.filter((server) => server.running);
    const server = random.pick(running);
    act(server.service, random).catch((error: unknown) => {
      if (!isExpected(error)) unexpected.push(error);
    });
    return true;
  };
  scheduler.every(60, step);
  scheduler.every(200, () => {
    for (const watcher of watchers) watcher.reconnect(servers);
    return true;
  });
  scheduler.every(1_500, () => {
    if (restless) trouble(random, servers, startServer, watchers);
    return restless;
  });
  await scheduler.pass(restlessMs);
  restless = false;
  for (const { store } of servers) store.heal();
  await scheduler.pass(restMs);

  if (unexpected.length > 0) throw unexpected[0];

  const stored = await observe();
  let told = 0;
  for (const watcher of watchers) {
    truth.check(watcher.trusted, "at rest every watcher has been told that its view is true");
    for (const userId of watcher.userIds) {
      told++;
      const shown = JSON.stringify(watcher.view.get(userId));
      truth.check(
        shown === JSON.stringify(stored.get(userId)),
        `at rest every view equals the store: ${shown} and ${JSON.stringify(stored.get(userId))}`,
      );
    }
  }
  for (const server of servers) server.kill();
  return { steps, commits, told };
}

function act(service: Server["service"], random: Random): Promise<unknown> {
  const userId = random.pick(users);
  const deviceId = random.pick(devices);
  const idleForMs = random.oneIn(3) ? random.between(0, 5_000) : undefined;
  switch (random.between(0, 9)) {
    case 0:
    case 1:
      return service.connect({ userId, deviceId, idleForMs });
    case 2:
    case 3:
    case 4:
      return service.heartbeat({ userId, deviceId, idleForMs });
    case 5:
      return service.disconnect(userId, deviceId);
    case 6:
      return random.oneIn(3) ? service.kick(userId) : service.setStatus({ userId, status: "AWAY", reason: "INACTIVITY", deviceId });
    default: {
      const expiresInMs = random.oneIn(2) ? random.between(1, 4_000) : undefined;
      return service.setStatus({ userId, status: random.pick(statuses), expiresInMs, message: random.pick(["", "", "on call"]) });
    }
  }
}

function trouble(random: Random, servers: Server[], startServer: () => Server, watchers: readonly Watcher[]): void {
  const running = servers.filter((server) => server.running);
  const server = random.pick(running);
  switch (random.between(0, 4)) {
    case 0:
      server.feed.breakFor(random.between(1, 1_500));
      break;
    case 1:
      // Nobody is told; only the audit can find out.
      server.feed.dead = true;
      break;
    case 2:
      server.kill();
      servers.splice(servers.indexOf(server), 1, startServer());
      break;
    case 3:
      random.pick(watchers).connect(random.pick(running));
      break;
    default:
      server.store.cut = !server.store.cut;
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof PresenceError && (error.code === "UNAVAILABLE" || error.code === "DEVICE_DISCONNECTED");
}

function raise(): never {
  throw new Error("the store answered for fewer users than it was asked for");
}
