import {
  type Commit,
  type Loaded,
  type Presence,
  PresenceError,
  type PresencePolicy,
  type PresenceRecord,
  type PresenceStore,
  parseDeviceId,
  parseUserId,
  presenceAt,
  presencePolicy,
  type UserId,
} from "@presence/domain";
import type { MemoryAdapter } from "@presence/memory-adapter";
import { Client } from "./client.ts";
import { type ClockRule, designedRule } from "./clock-rule.ts";
import { Person } from "./person.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { type HubOptions, Server } from "./server.ts";
import { SimulatedStore } from "./simulated-store.ts";
import { StoreData } from "./store-data.ts";
import type { Truth } from "./truth.ts";
import { Watcher } from "./watcher.ts";

/** How a world may differ from the real one. */
export interface WorldOptions {
  /** The rule of watched time; default: as it is designed. */
  readonly rule?: ClockRule;
  readonly hub?: Partial<HubOptions>;
  /** Stands between a server and its store, say to look on. Default: nothing does. */
  readonly around?: (store: PresenceStore, server: string) => PresenceStore;
  /** Is told what happens, line by line, to whoever replays a seed. */
  readonly trace?: (line: string) => void;
}

/** Twenty times faster than production. */
export const policy: PresencePolicy = presencePolicy({
  leaseTtlMs: 6_000,
  heartbeatIntervalMs: 2_000,
  graceMs: 3_500,
  idleAfterMs: 3_000,
  retentionMs: 3_600_000,
});

/** Users of whom anything is said, as nobody who behaves would say it: of the one all the time, of the other now and then, so that time changes him too. */
export const restlessUsers = { often: parseUserId("alice"), seldom: parseUserId("bob") };
const behavingUsers = ["carol", "dave"].map((name) => parseUserId(name));
export const users: readonly UserId[] = [restlessUsers.often, restlessUsers.seldom, ...behavingUsers];

/** All within the gap; the longer they are, the more is told before it is written down. */
const sweepIntervalsMs = [300, 600, 1_200];
const usualHub: HubOptions = { auditMs: 2_000, source: (service) => service };
const sessionTtlMs = 8_000;
const serverCount = 2;

/** Servers on one store, those who behave, and those who watch. */
export class World {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly truth: Truth;
  readonly store: SimulatedStore;
  readonly servers: Server[] = [];
  readonly people: readonly Person[];
  readonly clients: readonly Client[];
  readonly watchers: readonly Watcher[];
  commits = 0;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #around: WorldOptions["around"];
  readonly #rule: ClockRule;
  readonly #hub: HubOptions;
  readonly #sweepMs: number;
  #started = 0;

  constructor(scheduler: Scheduler, random: Random, truth: Truth, { rule = designedRule, hub = {}, around, trace }: WorldOptions) {
    this.scheduler = scheduler;
    this.random = random;
    this.truth = truth;
    this.#rule = rule;
    this.#hub = { ...usualHub, ...hub };
    this.#around = around;
    this.#trace = trace;
    this.#sweepMs = random.pick(sweepIntervalsMs);
    const now = () => scheduler.now;
    this.store = new SimulatedStore(new StoreData({ policy, rule, now }));
    for (let index = 0; index < serverCount; index++) this.startServer();
    // How long a write may be late is promised by the rule as it is designed, whatever is tried here.
    const life = { now, gapMs: designedRule.gapMs(policy), leaseTtlMs: policy.leaseTtlMs };
    this.people = behavingUsers.map((userId) => new Person(userId, life));
    for (const person of this.people) truth.watch(person);
    this.clients = this.people.map((person, index) => this.#client(person, index));
    const [alice, bob, carol, dave] = users;
    this.watchers = [
      [alice, bob, carol, dave],
      [alice, carol],
      [bob, dave],
    ].map(
      (watched) =>
        new Watcher(
          watched.flatMap((user) => user ?? []),
          scheduler,
          random,
          truth,
        ),
    );
  }

  /** Something happened that whoever replays this wants to know. */
  tell(what: () => string): void {
    this.#trace?.(`${this.scheduler.now.toFixed(3)} ${what()}`);
  }

  startServer(): void {
    const { scheduler, random, truth, store } = this;
    const { parties } = store.data.adapter;
    const name = `server${++this.#started}`;
    this.servers.push(
      new Server({
        name,
        scheduler,
        random,
        store,
        // Read by operators only, of whom there are none here.
        sessions: { find: async () => undefined },
        parties,
        policy,
        rule: this.#rule,
        sweepMs: this.#sweepMs,
        hubOptions: this.#hub,
        onLoaded: (userIds, loaded) => this.#loaded(userIds, loaded),
        onCommitted: (commit) => this.#committed(commit),
        around: (remote) => this.#around?.(remote, name) ?? remote,
        onBug: (error) => truth.fail(error),
      }),
    );
  }

  /** The process dies. */
  kill(server: Server): void {
    server.kill();
    this.servers.splice(this.servers.indexOf(server), 1);
  }

  /** The store comes back with what it had at `instant`. */
  restartStore(instant: number): void {
    // Nothing is written while it is away.
    if (!this.store.restart(instant)) return;
    this.truth.lostWrites();
    for (const person of this.people) person.forgotten();
    this.store.data.records(users).then(
      (records) => {
        for (const [index, { version }] of records.entries()) this.truth.forgot(users[index] ?? raise(), version);
      },
      (error: unknown) => this.truth.fail(error),
    );
  }

  /** What the store holds, seen without a server. */
  async stored(): Promise<ReadonlyMap<UserId, Presence>> {
    const { data } = this.store;
    const records = await data.records(users);
    return new Map(users.map((userId, index) => [userId, presenceAt(userId, records[index] ?? raise(), data.moment)]));
  }

  #client(person: Person, index: number): Client {
    const attached = index % 2 === 1;
    return new Client({
      person,
      deviceId: parseDeviceId("phone"),
      attached,
      policy,
      scheduler: this.scheduler,
      random: this.random,
      truth: this.truth,
      servers: () => this.servers,
      session: {
        begin: () => this.#auth(({ sessions }) => sessions.put(person.userId, { sessionId: "s" }, sessionTtlMs)),
        end: () => this.#auth(({ sessions }) => sessions.delete(person.userId)),
      },
    });
  }

  /** The auth service writes, unless the store is away. */
  #auth(write: (adapter: MemoryAdapter) => void): void {
    const { store } = this;
    if (store.up && !store.stalled) store.data.write(write);
  }

  #loaded(userIds: readonly UserId[], { moment, entries }: Loaded<PresenceRecord | PresenceError>): void {
    for (const [index, userId] of userIds.entries()) {
      const record = entries[index] ?? raise();
      if (record instanceof PresenceError) continue;
      const presence = presenceAt(userId, record, moment);
      // While writes may be lost nobody is told of an OFFLINE.
      if (presence.status !== "OFFLINE" || moment.now >= moment.blindUntil) this.truth.becameVisible(presence);
    }
  }

  #committed({ event }: Commit): void {
    this.commits++;
    if (event === undefined) return;
    this.tell(() => `commit ${JSON.stringify(event)}`);
    this.truth.becameVisible(event);
    this.store.publish(event);
  }
}

function raise(): never {
  throw new Error("the store answered for fewer users than it was asked for");
}
