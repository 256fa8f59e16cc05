import { PresenceError, parseDeviceId, statuses } from "@presence/domain";
import { designedRule } from "./clock-rule.ts";
import { Faults } from "./faults.ts";
import { Random } from "./random.ts";
import { repeat, Scheduler } from "./scheduler.ts";
import { isUnavailable, type Server } from "./server.ts";
import { isSame, Truth } from "./truth.ts";
import { policy, restlessUsers, users, World, type WorldOptions } from "./world.ts";

/** When the world begins, by the store's clock. */
const born = 1_000_000_000;
const devices = ["phone", "desktop"].map((name) => parseDeviceId(name));

/** For how many milliseconds things happen before they come to rest. */
const restlessMs = 12_000;
/** Nobody falls silent later. */
const silenceMs = 8_000;
/** By then every lease and window has ended, every audit has been round, and the slowest watcher has read. */
const restMs = 11_000;
/** As much, after the time that the last fault was given. */
const restAfterFaultMs = 9_000;

/** What a history came to, for whoever wants to know that it was one. */
export interface HistorySummary {
  readonly steps: number;
  readonly commits: number;
  /** Presences that somebody was told, in answers, pushes and snapshots. */
  readonly told: number;
}

/**
 * One history of a small world: servers on one store, people and their friends, and all that can go wrong between them.
 * The same seed is the same history to the last step.
 * @throws BrokenPromise naming seed and step
 */
export async function playHistory(seed: number, options: WorldOptions = {}): Promise<HistorySummary> {
  const random = new Random(seed);
  const scheduler = new Scheduler(random, born);
  const truth = new Truth({
    now: () => scheduler.now,
    gapMs: designedRule.gapMs(policy),
    where: () => `seed ${seed}, step ${scheduler.steps}, at ${scheduler.now} ms`,
  });
  const world = new World(scheduler, random, truth, options);
  const pass = (ms: number) => scheduler.pass(ms, () => truth.failure);

  const faults = new Faults(world);
  let restless = true;
  repeat(scheduler, random, 250, () => {
    if (restless) attempt(world, (server) => actAtRandom(server, random));
    return restless;
  });
  repeat(scheduler, random, 450, () => {
    attempt(world, (server) => read(server, world, faults));
    return true;
  });
  repeat(scheduler, random, 400, () => {
    if (world.servers.length > 0) for (const watcher of world.watchers) watcher.reconnect(world.servers);
    return true;
  });
  repeat(scheduler, random, 1_500, () => {
    if (restless) trouble(world);
    return restless;
  });
  for (const client of world.clients) scheduler.after(random.between(0, 4_000), () => client.start());
  await pass(restlessMs);
  restless = false;
  // The last one may begin in its episode only now.
  for (let over = faults.end(); over > scheduler.now; over = faults.end()) await pass(over - scheduler.now);
  for (const { link } of world.servers) link.heal();
  for (const client of world.clients) client.hangUp();
  await pass(Math.max(restAfterFaultMs, born + restlessMs + restMs - scheduler.now));

  const stored = await world.stored();
  for (const watcher of world.watchers) {
    truth.check(watcher.trusted, () => "at rest every watcher has been told that its view is true");
    for (const userId of watcher.userIds) {
      const shown = watcher.view.get(userId);
      const real = stored.get(userId);
      truth.check(
        shown !== undefined && real !== undefined && isSame(shown, real),
        () => `at rest every view equals the store: ${JSON.stringify(shown)} and ${JSON.stringify(real)}`,
      );
    }
  }
  for (const { person } of world.clients) {
    const offline = stored.get(person.userId)?.status === "OFFLINE";
    truth.check(offline === person.silent, () => `at rest ${person.userId} is ${person.silent ? "silent, and OFFLINE" : "there"}`);
  }
  return { steps: scheduler.steps, commits: world.commits, told: truth.tellings };
}

/** A call through some server, by somebody who does not mind if it fails. */
function attempt(world: World, act: (server: Server) => Promise<unknown>): void {
  if (world.servers.length === 0) return;
  const server = world.random.pick(world.servers);
  act(server).catch((error: unknown) => {
    if (!isUnavailable(error) && !(error instanceof PresenceError && error.code === "DEVICE_DISCONNECTED")) world.truth.fail(error);
  });
}

/** Reads everyone, and now and then once more just when the answer says that time alone will change it. */
async function read(server: Server, world: World, faults: Faults): Promise<void> {
  const { truth, scheduler, random } = world;
  const askedAt = scheduler.now;
  const answers = await server.call(() => server.service.getMany(users));
  world.tell(
    () => `${server.name} read at ${askedAt}: ${answers.map(({ presence: { status, version } }) => `${status} ${version}`).join(", ")}`,
  );
  for (const { presence, validUntil } of answers) {
    truth.wasAnswered(presence, askedAt);
    const inMs = validUntil === undefined ? -1 : validUntil - scheduler.now;
    if (inMs <= 0 || inMs > 1_000 || !random.oneIn(3)) continue;
    scheduler.after(inMs + random.between(1, 10), () => attempt(world, (next) => read(next, world, faults).then(() => faults.strike())));
  }
}

function actAtRandom(server: Server, random: Random): Promise<unknown> {
  const { service } = server;
  const userId = random.oneIn(5) ? restlessUsers.seldom : restlessUsers.often;
  const deviceId = random.pick(devices);
  const idleForMs = random.oneIn(3) ? random.between(0, 5_000) : undefined;
  switch (random.between(0, 9)) {
    case 0:
    case 1:
      return server.call(() => service.connect({ userId, deviceId, idleForMs }));
    case 2:
    case 3:
    case 4:
      return server.call(() => service.heartbeat({ userId, deviceId, idleForMs }));
    case 5:
      return server.call(() => service.disconnect(userId, deviceId));
    case 6:
      return random.oneIn(3)
        ? server.call(() => service.kick(userId))
        : server.call(() => service.setStatus({ userId, status: "AWAY", reason: "INACTIVITY", deviceId }));
    default: {
      const expiresInMs = random.oneIn(2) ? random.between(1, 4_000) : undefined;
      const status = random.pick(statuses);
      const message = random.pick(["", "", "on call"]);
      return server.call(() => service.setStatus({ userId, status, expiresInMs, message }));
    }
  }
}

/** Small things that go wrong, and what people do to themselves and to each other. */
function trouble(world: World): void {
  const { random, servers, watchers, clients } = world;
  if (servers.length === 0) return;
  const server = random.pick(servers);
  const client = random.pick(clients);
  const { userId } = client.person;
  switch (random.between(0, 6)) {
    case 0:
      server.feed.break(random.between(1, 1_500));
      break;
    case 1:
      // Nobody is told; only the audit can find out.
      server.feed.dead = true;
      break;
    case 2:
      random.pick(watchers).connect(server);
      break;
    case 3:
      if (!client.person.silent) client.logOut();
      break;
    case 4:
      if (!client.person.silent) attempt(world, () => server.call(() => server.service.kick(userId), client.person.endangered()));
      break;
    case 5:
      if (world.scheduler.now < born + silenceMs) client.fallSilent();
      break;
    default: {
      const status = random.pick(["ONLINE", "AWAY", "DND"] as const);
      const expiresInMs = random.oneIn(2) ? random.between(1, 4_000) : undefined;
      if (!client.person.silent) client.choose(({ service }) => service.setStatus({ userId, status, expiresInMs, deviceId: devices[0] }));
    }
  }
}
