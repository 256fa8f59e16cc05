import { millis, never, PresenceService, parseUserId, presencePolicy, unknownRecord } from "@presence/domain";
import { expect, test } from "vitest";
import { memoryAdapter } from "./memory-adapter.ts";

const policy = presencePolicy({ retentionMs: 60_000 });

function world() {
  const time = { now: 1_000_000_000 };
  const adapter = memoryAdapter({ policy, now: () => time.now });
  return { time, ...adapter, service: new PresenceService({ ...adapter, policy }) };
}

function user(index: number) {
  return parseUserId(`user:${index}`);
}

test("sweeps remove the records whose time is over", async () => {
  const { time, store, service } = world();
  for (let index = 0; index < 500; index++) await service.setStatus({ userId: user(index), status: "AWAY" });
  expect(store.size).toBe(500);
  for (const end = time.now + policy.leaseTtlMs + policy.retentionMs + 10_000; time.now < end; time.now += 1_000) {
    while ((await service.sweep()).visited > 0);
  }
  expect(store.size).toBe(0);
});

test("without any sweep, commits alone keep the store from growing", async () => {
  const { time, store, service } = world();
  for (let index = 0; index < 2_000; index++) {
    await service.setStatus({ userId: user(index), status: "OFFLINE" });
    time.now += 1_000;
  }
  expect(store.size).toBeLessThan(200);
});

test("sweeps remove sessions that nobody asks for", async () => {
  const { time, store, sessions } = world();
  for (let index = 0; index < 100; index++) sessions.put(user(index), { sessionId: "s" }, 1_000);
  time.now += 2_000;
  await store.claimDue(0);
  expect(sessions.size).toBe(0);
});

test("a refused commit leaves no due entry", async () => {
  const { time, store } = world();
  const now = millis(time.now);
  const refused = {
    expectedRevision: 1,
    record: { ...unknownRecord, revision: 2 },
    keepForMs: 1,
    due: now,
    session: false,
    signOfLife: true,
  };
  expect(await store.commit([{ ...refused, userId: user(0), event: undefined, decidedAt: now, staleFrom: never }])).toEqual(["conflict"]);
  expect((await store.claimDue(10)).userIds).toEqual([]);
});
