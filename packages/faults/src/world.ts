import { setTimeout as sleep } from "node:timers/promises";
import type { PresenceServiceClient } from "@presence/proto";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { App } from "./app.ts";
import { AuthService } from "./auth-service.ts";
import { openChannel } from "./channel.ts";
import { ChaosProxy } from "./chaos-proxy.ts";
import { type CheckOptions, findLies, findPending } from "./checker.ts";
import type { Lie } from "./lie.ts";
import { batchSize, chunks, Reader } from "./reader.ts";
import { Recorder, type StatusName, type Told } from "./records.ts";
import { ServerProcess } from "./server-process.ts";
import { offlineWithinMs, type Timing } from "./timing.ts";
import { toldBy } from "./told.ts";
import { WatchRecorder } from "./watch-recorder.ts";

/** A Redis of another kind. */
export interface Backend {
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly timing: Timing;
  readonly servers?: number;
  /** Users who give signs of life throughout. */
  readonly living?: number;
  /** Users who fall silent when they are told to. */
  readonly fading?: number;
  readonly watchers?: number;
  /** More users who are watched and read; who moves them is not this world's business. */
  readonly watched?: readonly string[];
  /** More arguments of `redis-server`. */
  readonly redisArgs?: readonly string[];
  /** In the place of one Redis: what servers are told of it, and how it ends. */
  readonly backend?: Backend;
  /** A proxy that makes trouble between each server and Redis. */
  readonly proxied?: boolean;
  /** Users have a session of the auth service. */
  readonly sessions?: boolean;
  /** More arguments of `node`, for the server of that index. */
  readonly nodeArgs?: (server: number) => readonly string[];
}

const readEveryMs = 250;
/** Longer than any row: a session ends when the auth service ends it. */
const sessionTtlSeconds = 86_400;
const askTimeoutMs = 10_000;
/** Leases end by Redis' wall clock; one that is being set right runs up to half a per mille faster than ours (Linux, adjtime). */
const clockDrift = 0.0005;
/** Longer than an audit takes to come round, twice: how long it took is a figure, that it came is the promise. */
const auditedMs = 30_000;

/** A Redis, servers, users with their apps, and friends who watch and read: all real, each writing down what it sees. */
export class World {
  readonly recorder = new Recorder();
  readonly servers: readonly ServerProcess[];
  readonly living: readonly App[];
  readonly fading: readonly App[];
  readonly watchers: readonly WatchRecorder[];
  readonly reader: Reader;
  readonly timing: Timing;
  /** One to each server. */
  readonly channels: readonly PresenceServiceClient[];
  /** One before each server, where there are any. */
  readonly proxies: readonly ChaosProxy[];
  readonly #redis: RunningRedis | undefined;
  readonly #backend: Backend | undefined;
  #auth: AuthService | undefined;
  readonly #bornMs = Date.now();
  readonly #users: string[];
  readonly #silent = new Set<string>();

  private constructor(
    redis: RunningRedis | undefined,
    servers: readonly ServerProcess[],
    proxies: readonly ChaosProxy[],
    options: WorldOptions,
  ) {
    const { timing, living = 40, fading = 10, watchers = 4, watched = [] } = options;
    this.proxies = proxies;
    this.#redis = redis;
    this.#backend = options.backend;
    this.servers = servers;
    this.timing = timing;
    this.channels = servers.map(({ address }) => openChannel(address));
    const app = (user: string) => new App(user, this.channels, this.recorder, timing);
    this.living = Array.from({ length: living }, (_, index) => app(`living-${index}`));
    this.fading = Array.from({ length: fading }, (_, index) => app(`fading-${index}`));
    const users = [...this.living.map(({ user }) => user), ...this.fading.map(({ user }) => user), ...watched];
    this.#users = users;
    this.watchers = Array.from({ length: watchers }, (_, index) => {
      const channels = servers.map((__, offset) => openChannel(servers[(index + offset) % servers.length]?.address ?? ""));
      return new WatchRecorder(`watcher-${index}`, users, channels, this.recorder);
    });
    this.reader = new Reader("reader", users, this.channels, this.recorder);
  }

  /** Everybody is online, watched and read when it resolves. */
  static async start(options: WorldOptions): Promise<World> {
    const { redisArgs, servers: count = 2, proxied = false, nodeArgs = () => [], timing, backend } = options;
    const redis = backend === undefined ? await startRedis(redisArgs === undefined ? {} : { args: redisArgs }) : undefined;
    const proxies =
      proxied && redis !== undefined ? await Promise.all(Array.from({ length: count }, () => ChaosProxy.start(redis.port))) : [];
    const environment = {
      PRESENCE_LEASE_TTL: `${timing.leaseMs}ms`,
      PRESENCE_HEARTBEAT: `${timing.heartbeatMs}ms`,
      PRESENCE_GRACE: `${timing.graceMs}ms`,
    };
    const started = await Promise.allSettled(
      Array.from({ length: count }, (_, index) =>
        ServerProcess.start(
          { ...environment, ...(backend?.environment ?? { REDIS_URL: proxies[index]?.url ?? redis?.url ?? "" }) },
          nodeArgs(index),
        ),
      ),
    );
    const servers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const world = new World(redis, servers, proxies, options);
    try {
      for (const one of started) if (one.status === "rejected") throw one.reason;
      await world.#begin(options.sessions === true);
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async #begin(sessions: boolean): Promise<void> {
    if (sessions) await this.auth.logIn(this.#users, sessionTtlSeconds);
    await Promise.all([...this.living, ...this.fading].map((app) => app.start()));
    for (const watcher of this.watchers) watcher.open();
    this.reader.start(readEveryMs);
    await this.until("every watcher has its snapshot", () => this.watchers.every(({ snapshots }) => snapshots > 0), 15_000);
  }

  /** What the auth service does on the one Redis. */
  get auth(): AuthService {
    this.#auth ??= new AuthService(this.redis.url);
    return this.#auth;
  }

  /** The one Redis. @throws Error where there is another kind of it */
  get redis(): RunningRedis {
    if (this.#redis === undefined) throw new Error("this world has no Redis of its own");
    return this.#redis;
  }

  /** More users whose rest is compared. */
  follow(users: readonly string[]): void {
    this.#users.push(...users);
  }

  /** Half of those who will fall silent do so now. */
  async fade(): Promise<void> {
    const still = this.fading.filter((app) => !this.#silent.has(app.user));
    const some = still.slice(0, Math.ceil(this.fading.length / 2));
    for (const app of some) this.#silent.add(app.user);
    await Promise.all(some.map((app) => app.fallSilent()));
  }

  /** Everyone who was silent is back online when it resolves. */
  async revive(): Promise<void> {
    const silent = this.fading.filter(({ user }) => this.#silent.delete(user));
    await Promise.all(silent.map((app) => app.start()));
  }

  /** @throws Error naming what did not come about */
  async until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    for (const deadline = performance.now() + timeoutMs; !(await holds()); await sleep(20)) {
      if (performance.now() > deadline)
        throw new Error(`not in ${timeoutMs} ms: ${what}\n${this.servers.map(({ log }) => log).join("\n")}`);
    }
  }

  /**
   * Waits until who is silent is OFFLINE and every watcher has been told everything, then compares all records.
   * @param lostWrites Redis lost leases: who misses a heartbeat then may be OFFLINE earlier
   * @returns every lie that anybody was told
   */
  async verdict(lostWrites = false): Promise<readonly Lie[]> {
    const options: CheckOptions = {
      earliestMs: lostWrites ? this.timing.heartbeatMs : (1 - clockDrift) * this.timing.leaseMs - 1,
      lostWrites,
      clock: { originMs: performance.timeOrigin, bornMs: this.#bornMs },
    };
    const users = this.#users;
    const deadline = performance.now() + offlineWithinMs(this.timing);
    let rest = await this.#ask(users);
    while (performance.now() < deadline && !rest?.every(({ user, status }) => !this.#silent.has(user) || status === "OFFLINE")) {
      await sleep(100);
      rest = await this.#ask(users);
    }
    // Whatever was committed last is on its way; the audit brings what got lost.
    for (const audited = performance.now() + auditedMs; performance.now() < audited; await sleep(250)) {
      rest = await this.#ask(users);
      const atRest = (rest ?? []).map((told) => ({ at: 0, kind: "rest" as const, ...told }));
      if (rest !== undefined && findPending([...this.recorder.entries, ...atRest]).length === 0) break;
    }
    if (rest === undefined) throw new Error("no server answers at rest");
    for (const told of rest) this.recorder.write({ kind: "rest", ...told });
    return findLies(this.recorder.entries, options);
  }

  /** What the clients did meanwhile, in numbers. */
  summary(): string {
    const { answered, refused } = this.reader.counters;
    const apps = [...this.living, ...this.fading];
    const sum = (count: (app: App) => number) => apps.reduce((total, app) => total + count(app), 0);
    const signs = `${sum(({ counters }) => counters.acknowledged)} signs of life (${sum(({ counters }) => counters.failed)} tries failed)`;
    return `${answered} reads (${refused} refused), ${signs}`;
  }

  async close(): Promise<void> {
    this.reader.stop();
    for (const app of [...this.living, ...this.fading]) app.stop();
    for (const watcher of this.watchers) watcher.close();
    for (const channel of this.channels) channel.close();
    this.#auth?.close();
    await Promise.all(this.servers.map((server) => server.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await (this.#backend ?? this.redis).stop();
  }

  /** How many users of all had this status at the verdict. */
  shown(status: StatusName): number {
    return this.recorder.entries.filter((entry) => entry.kind === "rest" && entry.status === status).length;
  }

  /** Everyone, as a server says; undefined where it does not. */
  async #ask(users: readonly string[]): Promise<readonly Told[] | undefined> {
    const batches = chunks(users, batchSize).map(
      (userIds) =>
        new Promise<readonly Told[] | undefined>((resolve) => {
          const deadline = { deadline: Date.now() + askTimeoutMs } as never;
          this.channels[0]?.batchGetPresence({ userIds: [...userIds] }, deadline, (error, response) =>
            resolve(error === null ? response.presences.map(toldBy) : undefined),
          );
        }),
    );
    const answers = await Promise.all(batches);
    return answers.some((answer) => answer === undefined) ? undefined : answers.flatMap((answer) => answer ?? []);
  }
}
