import {
  PresenceError,
  PresenceService,
  type PresenceStore,
  parseDeviceId,
  parseUserId,
  presenceAt,
  presencePolicy,
  statuses,
} from "@presence/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import { claimTimeoutMs } from "./due-index.ts";
import { memoryAdapter } from "./memory-adapter.ts";

const policy = presencePolicy({ leaseTtlMs: 12_000, heartbeatIntervalMs: 3_000, graceMs: 3_000, idleAfterMs: 8_000 });
const users = ["alice", "bob", "carol"].map((name) => parseUserId(name));
const devices = ["phone", "desktop"].map((name) => parseDeviceId(name));

/** Virtual time over a memory store whose answers come when the scheduler says so. */
class World {
  now = 1_000_000_000;
  readonly #adapter = memoryAdapter({ policy, now: () => this.now });
  readonly store = this.#adapter.store;
  readonly sessions = this.#adapter.sessions;
  readonly #prompt = new PresenceService({ ...this.#adapter, policy });
  /** A service whose calls to the store take their time, so that calls run into each other. */
  readonly service: PresenceService;

  constructor(scheduler: fc.Scheduler) {
    const { store } = this;
    const late =
      <Arguments extends readonly unknown[], Result>(call: (...all: Arguments) => Promise<Result>) =>
      async (...all: Arguments): Promise<Result> => {
        await scheduler.schedule(Promise.resolve());
        const result = await call(...all);
        await scheduler.schedule(Promise.resolve());
        return result;
      };
    const slow: PresenceStore = {
      name: store.name,
      load: late((userIds) => store.load(userIds)),
      loadForChange: late((userIds) => store.loadForChange(userIds)),
      commit: late((commits) => store.commit(commits)),
      renew: late((renewals) => store.renew(renewals)),
      claimDue: late((limit) => store.claimDue(limit)),
      finishDue: late((outcomes) => store.finishDue(outcomes)),
      armDue: late((outcomes) => store.armDue(outcomes)),
      lead: late(() => store.lead()),
      scan: late((cursor, limit) => store.scan(cursor, limit)),
    };
    this.service = new PresenceService({ ...this.#adapter, store: slow, policy });
  }

  /** Time passes, and a sweeper looks at all who are due, once a second. */
  async watchedWait(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 1_000);
      // A user who is due again at once would be swept for ever.
      for (let sweeps = 0; (await this.#prompt.sweep(10)).visited > 0; sweeps++) expect(sweeps).toBeLessThan(100);
    }
  }
}

type Act = (world: World) => Promise<unknown>;

const userId = fc.constantFrom(...users);
const deviceId = fc.constantFrom(...devices);
const idleForMs = fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined });
const expiresInMs = fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined });
const status = fc.constantFrom(...statuses);
const message = fc.constantFrom("", "on call");

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ userId, deviceId, idleForMs }).map(
    (call): Act =>
      ({ service }) =>
        service.connect(call),
  ),
  fc.record({ userId, deviceId, idleForMs }).map(
    (call): Act =>
      ({ service }) =>
        service.heartbeat(call),
  ),
  fc.record({ userId, status, expiresInMs, message }).map(
    (call): Act =>
      ({ service }) =>
        service.setStatus(call),
  ),
  fc.record({ userId, status, expiresInMs, message, ensureOnline: fc.boolean() }).map(
    (call): Act =>
      ({ service }) =>
        service.override(call),
  ),
  fc.tuple(userId, deviceId).map(
    ([user, device]): Act =>
      ({ service }) =>
        service.disconnect(user, device),
  ),
  userId.map(
    (user): Act =>
      ({ service }) =>
        service.kick(user),
  ),
  userId.map(
    (user): Act =>
      async ({ sessions }) =>
        sessions.put(user, { sessionId: "s1" }),
  ),
  userId.map(
    (user): Act =>
      async ({ sessions, service }) => {
        sessions.delete(user);
        await service.sessionEnded(user, true);
      },
  ),
  fc.integer({ min: 1, max: 3 }).map(
    (limit): Act =>
      ({ service }) =>
        service.sweep(limit),
  ),
  // A sweeper that dies with what it has claimed.
  fc.integer({ min: 1, max: 3 }).map(
    (limit): Act =>
      ({ store }) =>
        store.claimDue(limit),
  ),
);

/** What happens at once, and how long it is quiet afterwards, watched or not. */
const round = fc.record({
  acts: fc.array(act, { minLength: 1, maxLength: 6 }),
  waitMs: fc.integer({ min: 0, max: 9_000 }),
  watched: fc.boolean(),
});

async function settled(world: World, next: Act): Promise<void> {
  try {
    await next(world);
  } catch (error) {
    if (!(error instanceof PresenceError && error.code === "DEVICE_DISCONNECTED")) throw error;
  }
}

/** Sweeps know of every user whose presence time alone has changed: what is written down is what is true. */
async function expectSwept(world: World): Promise<void> {
  const { moment, entries } = await world.store.load(users);
  for (const [index, user] of users.entries()) {
    const record = entries[index];
    if (record === undefined) throw new Error("a user without a record");
    const { status: told, version } = presenceAt(user, record, moment);
    expect({ user, status: record.status, version: record.version }).toEqual({ user, status: told, version });
  }
}

test("whatever calls run into each other, sweeps find everyone whose time has come", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(round, { minLength: 1, maxLength: 8 }), async (scheduler, rounds) => {
      const world = new World(scheduler);
      for (const { acts, waitMs, watched } of rounds) {
        await scheduler.waitFor(Promise.all(acts.map((next) => settled(world, next))));
        if (watched) await world.watchedWait(waitMs);
        else world.now += waitMs;
      }
      // Long enough that every abandoned claim is due again; then through the end of every lease.
      await world.watchedWait(claimTimeoutMs + 1_000);
      await expectSwept(world);
      for (let second = 0; second < 30; second++) {
        await world.watchedWait(1_000);
        await expectSwept(world);
      }
      expect((await world.store.load(users)).entries.map((record) => record.status)).toEqual(["OFFLINE", "OFFLINE", "OFFLINE"]);
    }),
    { numRuns: 150 },
  );
});
