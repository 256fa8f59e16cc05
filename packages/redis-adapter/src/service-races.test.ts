import { type Presence, type PresenceService, parseUserId, statuses } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { decodeEvent } from "./event-text.ts";
import { sleep } from "./redis-harness.fixture.ts";
import { alice, login, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";
import { entriesOf } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let on: ServiceOnRedis;
let other: PresenceService;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  on = await serviceOnRedis(redis);
  other = await on.another();
});
afterEach(() => on.close());

const users = Array.from({ length: 150 }, (_, index) => parseUserId(`user:${index}`));

/** A refusal is an outcome of a race; anything else is not. */
async function raced(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => expect(error).toMatchObject({ code: "DEVICE_DISCONNECTED" }));
}

/** Signs of life of all kinds, on both servers, a moment later for each user. */
function signsOfLife(): Promise<unknown> {
  return Promise.all(
    users.map(async (userId, index) => {
      await sleep(index % 8);
      const service = index % 2 === 0 ? on.service : other;
      await raced(service.heartbeat({ userId, deviceId: phone }));
      await raced(service.setStatus({ userId, status: index % 3 === 0 ? "DND" : "ONLINE" }));
      await raced(service.connect({ userId, deviceId: phone }));
    }),
  );
}

async function logIn(fields: Record<string, string>, ttlMs?: number): Promise<void> {
  for (const userId of users) {
    const key = on.keys.session(userId);
    const write = on.others.multi().del(key).hset(key, fields);
    await (ttlMs === undefined ? write : write.pexpire(key, ttlMs)).exec();
  }
}

describe("150 users who give signs of life while the auth service", () => {
  test("deletes their sessions: none is there at the end, and none comes back", async () => {
    await logIn(login);
    await Promise.all(users.map((userId) => on.service.connect({ userId, deviceId: phone })));
    const logouts = Promise.all(
      users.map(async (userId, index) => {
        await sleep((index * 7) % 10);
        await on.others.del(on.keys.session(userId));
      }),
    );
    await Promise.all([signsOfLife(), logouts]);
    await signsOfLife();
    expect(await on.others.exists(...users.map((userId) => on.keys.session(userId)))).toBe(0);
  });

  test("logs them out and in again: each session is the new one, and has an end", async () => {
    await logIn(login, 300_000);
    await Promise.all(users.map((userId) => on.service.connect({ userId, deviceId: phone })));
    const logins = Promise.all(
      users.map(async (userId, index) => {
        const key = on.keys.session(userId);
        await sleep((index * 7) % 10);
        await on.others.del(key);
        await sleep(index % 3);
        // As some auth services do: no expiration of its own. A sign of life gives it one.
        await on.others.hset(key, { sessionId: "s2" });
      }),
    );
    await Promise.all([signsOfLife(), logins]);
    for (const userId of users) await on.service.connect({ userId, deviceId: phone });
    for (const userId of users) {
      const key = on.keys.session(userId);
      const { presence } = await other.get(userId);
      expect(await on.others.hgetall(key)).toEqual({ sessionId: "s2", status: presence.status });
      expect(await on.others.pttl(key)).toBeGreaterThan(100_000);
    }
  });
});

describe("50 calls for one user at once, through two servers", () => {
  test("come one after the other: each write has a revision, each event a higher version", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    const listener = new Redis(redis.url);
    const channel = on.keys.channel(alice, 0);
    await listener.subscribe(channel);
    const events: Presence[] = [];
    listener.on("messageBuffer", (_, message: Buffer) => events.push(decodeEvent(alice, message)));

    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await sleep(Math.random() * 60);
        const service = index % 2 === 0 ? on.service : other;
        if (index % 3 === 0) return service.heartbeat({ userId: alice, deviceId: phone });
        return service.setStatus({ userId: alice, status: statuses[index % 3] ?? "ONLINE", message: `${index}` });
      }),
    );
    const [record] = await entriesOf(on.adapter.store.load([alice]));
    expect(record?.revision).toBe(1 + 50);
    await listener.ping();
    listener.disconnect();
    const versions = events.map(({ version }) => version);
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(versions.at(-1)).toBe(record?.version);
    expect((await other.get(alice)).presence).toEqual(events.at(-1));
  });

  test("in the very same instant are all carried out", async () => {
    await on.service.connect({ userId: alice, deviceId: phone });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? on.service : other).setStatus({ userId: alice, status: "DND", message: `${index}` }),
      ),
    );
    const [record] = await entriesOf(on.adapter.store.load([alice]));
    expect(record?.revision).toBe(1 + 50);
  });
});
