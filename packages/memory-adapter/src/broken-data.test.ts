import {
  PresenceError,
  PresenceService,
  type PresenceStore,
  parseDeviceId,
  parseUserId,
  presencePolicy,
  type UserId,
} from "@presence/domain";
import { expect, test } from "vitest";
import { memoryAdapter } from "./memory-adapter.ts";

const policy = presencePolicy({ leaseTtlMs: 9_000, heartbeatIntervalMs: 3_000, graceMs: 0 });
const users = ["alice", "bob", "carol", "dave", "eve"].map((name) => parseUserId(name));
const broken = parseUserId("carol");

/** Everyone's lease has ended; the store fails as `failure` says of a user. */
async function lapsed(failure: (userId: UserId) => PresenceError | undefined) {
  let now = 1_000_000;
  const adapter = memoryAdapter({ policy, now: () => now });
  const prompt = new PresenceService({ ...adapter, policy });
  await prompt.sweep();
  for (const userId of users) await prompt.connect({ userId, deviceId: parseDeviceId("phone") });
  const watch = async (ms: number) => {
    for (const end = now + ms; now < end; now += 1_000) await adapter.store.claimDue(0);
  };
  await watch(policy.leaseTtlMs + 1_000);
  const store = new Proxy<PresenceStore>(adapter.store, {
    get(target, name: keyof PresenceStore) {
      if (name === "loadForChange") {
        return async (userIds: readonly UserId[]) => {
          const { moment, entries } = await target.loadForChange(userIds);
          return { moment, entries: entries.map((entry, index) => failure(userIds[index] ?? broken) ?? entry) };
        };
      }
      const own = target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
  return { service: new PresenceService({ ...adapter, store, policy }), store: adapter.store, watch };
}

test("one user whose record is damaged keeps nobody else from going OFFLINE, and is tried again in a lease", async () => {
  const { service, store, watch } = await lapsed((userId) =>
    userId === broken ? PresenceError.unavailable("the record of carol cannot be read", 5_000) : undefined,
  );
  const { visited, moves, failures } = await service.sweep();
  expect({ visited, moves: moves.length, failures: failures.length }).toEqual({ visited: 5, moves: 4, failures: 1 });
  const { entries } = await store.load(users);
  expect(entries.map(({ status }) => status)).toEqual(["OFFLINE", "OFFLINE", "ONLINE", "OFFLINE", "OFFLINE"]);
  await watch(6_000);
  expect((await service.sweep()).visited).toBe(0);
  await watch(4_000);
  expect((await service.sweep()).visited).toBe(1);
});

test("a store that is away fails the sweep, and its claims are due again", async () => {
  let away = true;
  const { service, watch } = await lapsed(() => {
    if (away) throw PresenceError.unavailable("away", 100);
    return undefined;
  });
  await expect(service.sweep()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  away = false;
  await watch(6_000);
  expect((await service.sweep()).moves).toHaveLength(5);
});

test("of many users, those whose data is broken fail alone: in heartbeats, in what watchers read, but not in an answer about all of them", async () => {
  const error = PresenceError.unavailable("the record of carol cannot be read", 5_000);
  const adapter = memoryAdapter({ policy });
  const isBroken = (userId: UserId) => userId === broken;
  const store: PresenceStore = Object.assign(Object.create(adapter.store) as PresenceStore, {
    name: "broken",
    async load(userIds: readonly UserId[]) {
      const { moment, entries } = await adapter.store.load(userIds);
      return { moment, entries: entries.map((entry, index) => (isBroken(userIds[index] ?? broken) ? error : entry)) };
    },
    async renew(renewals: Parameters<PresenceStore["renew"]>[0]) {
      const { moment, entries } = await adapter.store.renew(renewals);
      return { moment, entries: entries.map((entry, index) => (isBroken(renewals[index]?.userId ?? broken) ? error : entry)) };
    },
    commit: adapter.store.commit.bind(adapter.store),
    loadForChange: adapter.store.loadForChange.bind(adapter.store),
  });
  const service = new PresenceService({ ...adapter, store, policy });
  const outcomes = await service.heartbeats(users.map((userId) => ({ userId, deviceId: parseDeviceId("phone") })));
  expect(outcomes.map((outcome) => (outcome instanceof PresenceError ? outcome.message : outcome.refusal))).toEqual(
    users.map((userId) => (isBroken(userId) ? error.message : undefined)),
  );
  await expect(service.heartbeat({ userId: broken, deviceId: parseDeviceId("phone") })).rejects.toBe(error);
  const read = await service.read(users);
  expect(read.map((answer) => (answer instanceof PresenceError ? "broken" : answer.status))).toEqual([
    "ONLINE",
    "ONLINE",
    "broken",
    "ONLINE",
    "ONLINE",
  ]);
  await expect(service.getMany(users)).rejects.toBe(error);
  expect((await service.getMany(users.filter((userId) => !isBroken(userId)))).length).toBe(4);
});
