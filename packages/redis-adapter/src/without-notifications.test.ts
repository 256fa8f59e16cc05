import {
  PartyHub,
  type PartyWatchEvent,
  PresenceService,
  parseDeviceId,
  parsePartyId,
  parseUserId,
  presencePolicy,
  WatchHub,
} from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { alice, login, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";

// Notifications are a hint: whatever they tell becomes true without them too, only later.

const policy = presencePolicy();
const onSessionGone = vi.fn();
let redis: RunningRedis;
let on: ServiceOnRedis;

beforeAll(async () => {
  // Nobody can switch them on.
  redis = await startRedis({ args: ["--rename-command", "CONFIG", ""] });
});
afterAll(() => redis.stop());
beforeEach(async () => {
  onSessionGone.mockClear();
  on = await serviceOnRedis(redis, { policy, onSessionGone });
});
afterEach(() => on.close());

const disconnected = { code: "DEVICE_DISCONNECTED" };
const statusOf = async () => (await on.service.get(alice)).presence.status;

async function connectWithSession(): Promise<void> {
  await on.others.hset(on.keys.session(alice), login);
  expect((await on.service.connect({ userId: alice, deviceId: phone })).presence.status).toBe("ONLINE");
}

describe("without keyspace notifications", () => {
  test("a session that was deleted shows at the next sign of life, which is refused", async () => {
    await connectWithSession();
    await on.others.del(on.keys.session(alice));
    // Nobody has told us.
    expect(await statusOf()).toBe("ONLINE");
    await expect(on.service.heartbeat({ userId: alice, deviceId: phone })).rejects.toMatchObject(disconnected);
    expect(await statusOf()).toBe("OFFLINE");
    await expect(on.service.heartbeat({ userId: alice, deviceId: phone })).rejects.toMatchObject(disconnected);
    expect(onSessionGone).not.toHaveBeenCalled();
    expect(await on.others.exists(on.keys.session(alice))).toBe(0);
  });

  test("a session that expired shows at the next sign of life of any device, in a batch too", async () => {
    await connectWithSession();
    const tablet = parseDeviceId("tablet");
    await on.service.connect({ userId: alice, deviceId: tablet });
    await on.others.pexpire(on.keys.session(alice), 20);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const bob = parseUserId("bob");
    const outcomes = await on.service.heartbeats([
      { userId: bob, deviceId: phone },
      { userId: alice, deviceId: tablet },
    ]);
    expect(outcomes).toEqual([
      expect.objectContaining({ refusal: undefined }),
      expect.objectContaining({ refusal: "DEVICE_DISCONNECTED" }),
    ]);
    expect(await statusOf()).toBe("OFFLINE");
    expect(onSessionGone).not.toHaveBeenCalled();
  });

  test("a user who gives no sign of life any more is OFFLINE when his lease ends, as everyone", async () => {
    on.close();
    on = await serviceOnRedis(redis, { policy: presencePolicy({ leaseTtlMs: 900, heartbeatIntervalMs: 300, graceMs: 0 }) });
    await connectWithSession();
    await on.others.del(on.keys.session(alice));
    let moves = 0;
    await vi.waitFor(
      async () => {
        moves += (await on.service.sweep()).moves.length;
        expect(moves).toBe(1);
      },
      { timeout: 3_000, interval: 50 },
    );
    expect(await statusOf()).toBe("OFFLINE");
  });

  test("whoever watches a party is told within 5 s who joined and who left, and everything else at once", async () => {
    const lobby = parsePartyId("lobby");
    const bob = parseUserId("bob");
    await on.others.sadd(on.keys.party(lobby), alice);
    const service = new PresenceService({ ...on.adapter, policy });
    const hub = new WatchHub({ feed: on.adapter.feed, source: service });
    const parties = new PartyHub({ parties: on.adapter.parties, hub });
    const timer = setInterval(() => {
      hub.tick(performance.now());
      parties.tick(performance.now());
    }, 50);
    try {
      const events: PartyWatchEvent[] = [];
      const watch = parties.watch(lobby, () => {
        for (let event = watch.take(); event !== undefined; event = watch.take()) events.push(event);
      });
      const told = (event: object, timeout: number) =>
        vi.waitFor(() => expect(events).toContainEqual(expect.objectContaining(event)), { timeout, interval: 20 });
      await told({ kind: "snapshot" }, 2_000);
      const start = performance.now();
      await on.others.sadd(on.keys.party(lobby), bob);
      await told({ kind: "joined" }, 5_600);
      const joinedMs = performance.now() - start;
      await on.service.connect({ userId: bob, deviceId: phone });
      await told({ kind: "change", presence: expect.objectContaining({ userId: bob, status: "ONLINE" }) }, 500);
      await on.others.srem(on.keys.party(lobby), alice);
      await told({ kind: "left", userId: alice }, 5_600);
      console.log(`a party's change was told ${joinedMs.toFixed(0)} ms later by polling`);
      watch.close();
    } finally {
      clearInterval(timer);
    }
  });
});
