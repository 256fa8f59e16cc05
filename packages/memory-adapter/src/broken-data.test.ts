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

/** Everyone's lease has ended; the store fails as `fail` says. */
async function lapsed(fail: (userIds: readonly UserId[]) => void) {
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
          fail(userIds);
          return target.loadForChange(userIds);
        };
      }
      const own = target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
  return { service: new PresenceService({ ...adapter, store, policy }), store: adapter.store, watch };
}

test("one user whose record is damaged keeps nobody else from going OFFLINE, and is tried again in a lease", async () => {
  const { service, store, watch } = await lapsed((userIds) => {
    if (userIds.includes(broken)) throw new PresenceError("INTERNAL", "a record cannot be read");
  });
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
  const { service, store, watch } = await lapsed(() => {
    if (away) throw PresenceError.unavailable("away", 100);
  });
  const claimDue = store.claimDue.bind(store);
  store.claimDue = async (limit) => {
    if (limit === 0 && away) throw PresenceError.unavailable("away", 100);
    return claimDue(limit);
  };
  await expect(service.sweep()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  away = false;
  await watch(6_000);
  expect((await service.sweep()).moves).toHaveLength(5);
});
