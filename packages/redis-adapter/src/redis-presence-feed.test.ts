import { type FeedListener, type Presence, parseUserId, type UserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeEvent } from "./event-text.ts";
import { sleep } from "./redis-harness.fixture.ts";
import { alice, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";

let redis: RunningRedis;
let on: ServiceOnRedis;
let told: ReturnType<typeof listenTo>;
const warn = vi.fn();
const bob = parseUserId("bob");

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  warn.mockClear();
  on = await serviceOnRedis(redis, { log: { info: () => {}, warn } });
  told = listenTo(on);
});
afterEach(() => on.close());

/** What the feed tells, in order: `subscribed`, `broken`, or a change. */
function listenTo({ adapter }: ServiceOnRedis) {
  const all: ("subscribed" | "broken" | Presence)[] = [];
  const subscribed: UserId[] = [];
  const listener: FeedListener = {
    subscribed(userIds) {
      all.push("subscribed");
      subscribed.push(...userIds);
    },
    changed: (presence) => all.push(presence),
    broken(userIds) {
      expect(userIds).toBeUndefined();
      all.push("broken");
    },
  };
  adapter.feed.listen(listener);
  return { all, subscribed };
}

async function follow(...userIds: UserId[]): Promise<void> {
  on.adapter.feed.subscribe(userIds);
  await until(() => userIds.every((userId) => told.subscribed.includes(userId)));
}

function until(condition: () => boolean, timeout = 3_000): Promise<void> {
  return vi.waitFor(() => expect(condition()).toBe(true), { timeout, interval: 5 });
}

function publish(userId: UserId, version: number): Promise<number> {
  const presence: Presence = { userId, status: "AWAY", since: undefined, lastSeen: undefined, message: "a \u2028 b", version };
  return on.others.publish(on.keys.channel(userId, 0), encodeEvent(presence));
}

const versions = () => told.all.flatMap((event) => (typeof event === "string" ? [] : [event.version]));

describe("the Redis feed", () => {
  test("tells that a user is subscribed, then each change as it was committed", async () => {
    await follow(alice);
    const { presence } = await on.service.connect({ userId: alice, deviceId: phone });
    await until(() => told.all.length === 2);
    expect(told.all).toEqual(["subscribed", presence]);
    const dnd = await on.service.setStatus({ userId: alice, status: "DND", message: "in a call 📞" });
    await until(() => told.all.length === 3);
    expect(told.all.at(-1)).toEqual(dnd.presence);
  });

  test("tells nothing of a heartbeat, nor of users that nobody asked for", async () => {
    await follow(alice);
    await on.service.connect({ userId: bob, deviceId: phone });
    await on.service.connect({ userId: alice, deviceId: phone });
    await on.service.heartbeat({ userId: alice, deviceId: phone });
    await publish(alice, 9_999);
    await until(() => versions().includes(9_999));
    expect(told.all).toHaveLength(3);
  });

  test("that is cut off tells so, and subscribes everyone again without help", async () => {
    await follow(alice, bob);
    const before = told.all.length;
    await on.others.client("KILL", "TYPE", "pubsub");
    await until(() => told.all.includes("broken") && told.all.at(-1) === "subscribed");
    expect(told.all.slice(before)).toEqual(["broken", "subscribed"]);
    expect(told.subscribed.slice(2).sort()).toEqual([alice, bob]);
    await publish(bob, 7);
    await until(() => versions().includes(7));
  });

  test("finds a Redis that stands still by its pings, and subscribes again when it goes on", async () => {
    await follow(alice);
    redis.pause();
    const from = performance.now();
    try {
      await until(() => told.all.includes("broken"));
    } finally {
      redis.resume();
    }
    expect(performance.now() - from).toBeLessThan(2_500);
    await until(() => told.all.at(-1) === "subscribed");
    await publish(alice, 8);
    await until(() => versions().includes(8));
  });

  test("subscribes 2,500 users with three commands, also after a break", async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => parseUserId(`user:${index}`));
    await on.others.config("RESETSTAT");
    await follow(...many);
    // A few more if the notifications' connection has just begun to listen: they are no channels of users.
    expect(await subscribesSent()).toBeGreaterThanOrEqual(3);
    expect(await subscribesSent()).toBeLessThanOrEqual(6);
    expect(await channelsOf(on)).toBe(2_500);
    told.subscribed.length = 0;
    await on.others.client("KILL", "TYPE", "pubsub");
    await until(() => told.subscribed.length === 2_500);
    expect(new Set(told.subscribed).size).toBe(2_500);
    expect(await channelsOf(on)).toBe(2_500);
  });

  test("reports a message of others on a channel, and goes on", async () => {
    await follow(alice);
    for (const foreign of ["hello", "", "2 1 ONLINE 0 0 ", "1 1 ASLEEP 0 0 ", "1 x ONLINE 0 0 ", Buffer.from([0xff, 0xfe, 0x00])]) {
      await on.others.publish(on.keys.channel(alice, 0), foreign);
    }
    await publish(alice, 5);
    await until(() => versions().includes(5));
    expect(versions()).toEqual([5]);
    expect(told.all).not.toContain("broken");
    expect(warn.mock.calls.filter(([message]) => message === "a message on a presence channel is no event")).toHaveLength(6);
  });

  test("does not hear another database, though pub/sub crosses databases", async () => {
    const elsewhere = await serviceOnRedis(redis, {
      url: `${redis.url}/1`,
      sessionKey: on.keys.session("%s" as UserId),
      keyPrefix: on.keys.clock.replace("clock", ""),
    });
    try {
      await follow(alice);
      expect(elsewhere.keys.record(alice)).toBe(on.keys.record(alice));
      await elsewhere.service.connect({ userId: alice, deviceId: phone });
      await publish(alice, 6);
      await until(() => versions().includes(6));
      expect(versions()).toEqual([6]);
      expect((await on.service.get(alice)).presence.status).toBe("OFFLINE");
    } finally {
      elsewhere.close();
    }
  });

  test("does not tell of users who are not wanted any more, and leaves their channels", async () => {
    await follow(alice, bob);
    on.adapter.feed.unsubscribe([alice]);
    await until2(async () => (await channelsOf(on)) === 1);
    await publish(alice, 1);
    await publish(bob, 2);
    await until(() => versions().includes(2));
    expect(versions()).toEqual([2]);
    on.adapter.feed.unsubscribe([bob]);
    await until2(async () => (await channelsOf(on)) === 0);
    // Whoever watches nobody misses nothing, and needs no new snapshot. A connection without channels is no subscriber.
    await on.others.client("KILL", "TYPE", "normal");
    await sleep(100);
    expect(told.all.filter((event) => event === "broken")).toEqual([]);
  });

  test("of one who is unwanted and wanted again in one moment is subscribed at the end", async () => {
    await follow(alice);
    for (let round = 0; round < 20; round++) {
      on.adapter.feed.unsubscribe([alice]);
      on.adapter.feed.subscribe([alice]);
    }
    on.adapter.feed.subscribe([bob]);
    on.adapter.feed.unsubscribe([bob]);
    await until(() => told.all.length > 1 && told.all.at(-1) === "subscribed");
    await publish(alice, 4);
    await until(() => versions().includes(4));
    expect(await publish(bob, 1)).toBe(0);
  });

  test("wanted before there is a Redis subscribes as soon as there is one", async () => {
    await redis.kill();
    await until(() => warn.mock.calls.length >= 3);
    on.adapter.feed.subscribe([alice]);
    await redis.restart();
    await until(() => told.subscribed.includes(alice));
    await publish(alice, 3);
    await until(() => versions().includes(3));
  });
});

function until2(condition: () => Promise<boolean>): Promise<void> {
  return vi.waitFor(async () => expect(await condition()).toBe(true), { timeout: 3_000, interval: 5 });
}

async function channelsOf({ others, keys }: ServiceOnRedis): Promise<number> {
  return ((await others.pubsub("CHANNELS", `${keys.clock.replace("clock", "")}*`)) as string[]).length;
}

async function subscribesSent(): Promise<number> {
  return Number(/cmdstat_subscribe:calls=(\d+)/.exec(await on.others.info("commandstats"))?.[1] ?? 0);
}
