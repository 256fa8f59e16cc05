import { PresenceError, parseUserId, presencePolicy, unknownRecord } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeRecord } from "./record-text.ts";
import { alice, phone, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";

let redis: RunningRedis;
let on: ServiceOnRedis;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  on = await serviceOnRedis(redis);
});
afterEach(() => on.close());

const aboutAlice = expect.objectContaining({
  name: "PresenceError",
  code: "UNAVAILABLE",
  message: expect.stringMatching(/^the record of user alice (is damaged|has a format)/),
});

const header = encodeRecord({ ...unknownRecord, revision: 1 });
const broken = [
  ["cut short", header.slice(0, 60)],
  ["with a device without a name", `${header}d  1764000000000 9999999999999 1764000000000 -\n`],
  ["with a device that left, cut short", `${header}l tv\nm 9999999999999 on call\n`],
  ["with a device that is none", `${header}d no name\n`],
  ["of a newer server", "2 whatever"],
] as const;

describe("a record that cannot be read", () => {
  test.each(broken)("%s is told by the name of its user, and stays for whoever looks into it", async (_, text) => {
    await on.others.set(on.keys.record(alice), text);
    await expect(on.service.get(alice)).rejects.toEqual(aboutAlice);
    await expect(on.service.heartbeat({ userId: alice, deviceId: phone })).rejects.toEqual(aboutAlice);
    await expect(on.service.connect({ userId: alice, deviceId: phone })).rejects.toEqual(aboutAlice);
    await expect(on.service.kick(alice)).rejects.toEqual(aboutAlice);
    expect(await on.others.get(on.keys.record(alice))).toBe(text);
  });

  test("tells nothing of what it says", async () => {
    await on.others.set(on.keys.record(alice), header.replace("OFFLINE", "SECRETS"));
    await expect(on.service.get(alice)).rejects.toThrow(/^the record of user alice is damaged; restore or delete it$/);
  });
});

describe("among a hundred users, one whose record cannot be read", () => {
  const users = Array.from({ length: 100 }, (_, index) => parseUserId(index === 50 ? "alice" : `user:${index}`));
  const others = users.filter((userId) => userId !== alice);
  const calls = users.map((userId) => ({ userId, deviceId: phone }));

  test.each(broken)("%s: fails an answer about all of them, and nobody else's heartbeat, watch or listing", async (_, text) => {
    await on.service.heartbeats(calls);
    await on.others.set(on.keys.record(alice), text);
    await expect(on.service.getMany(users)).rejects.toEqual(aboutAlice);
    expect((await on.service.getMany(others)).map(({ presence }) => presence.status)).toEqual(others.map(() => "ONLINE"));
    // Renewals, and connects, which are commits.
    const tablets = users.map((userId) => ({ userId, deviceId: phone, idleForMs: 0 }));
    for (const batch of [calls, tablets]) {
      const outcomes = await on.service.heartbeats(batch);
      expect(outcomes[50]).toEqual(aboutAlice);
      expect(outcomes.filter((outcome) => "refusal" in outcome && outcome.refusal === undefined)).toHaveLength(99);
    }
    const read = await on.service.read(users);
    expect(read[50]).toEqual(aboutAlice);
    expect(read.filter((answer) => "status" in answer && answer.status === "ONLINE")).toHaveLength(99);
    expect((await on.service.list(undefined, 1_000)).presences.length).toBe(99);
    expect((await on.service.stats()).counts.ONLINE).toBe(99);
  });

  test("goes OFFLINE as little as can be known, while all others do in one sweep; and it is tried again in a lease", async () => {
    on.close();
    const policy = presencePolicy({ leaseTtlMs: 900, heartbeatIntervalMs: 300, graceMs: 0 });
    on = await serviceOnRedis(redis, { policy });
    await on.service.heartbeats(calls);
    await on.others.set(on.keys.record(alice), header.slice(0, 60));
    const moves: unknown[] = [];
    const failures: unknown[] = [];
    await vi.waitFor(
      async () => {
        const sweep = await on.service.sweep();
        moves.push(...sweep.moves);
        failures.push(...sweep.failures);
        expect(moves).toHaveLength(99);
      },
      { timeout: 5_000, interval: 50 },
    );
    await vi.waitFor(
      async () => {
        failures.push(...(await on.service.sweep()).failures);
        expect(failures.length).toBeGreaterThan(1);
      },
      { timeout: 5_000, interval: 100 },
    );
    expect(failures).toEqual(failures.map(() => aboutAlice));
    expect((await on.service.getMany(others)).map(({ presence }) => presence.status)).toEqual(others.map(() => "OFFLINE"));
  });

  test("a session that is no hash is its user's trouble alone", async () => {
    await on.service.heartbeats(calls);
    await on.others.set(on.keys.session(alice), "a string");
    const outcomes = await on.service.heartbeats(calls);
    expect(outcomes[50]).toBeInstanceOf(PresenceError);
    expect(outcomes[50]).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("session (a hash)") });
    expect(outcomes.filter((outcome) => "refusal" in outcome)).toHaveLength(99);
  });

  test("a record's key that is no string is its user's trouble alone", async () => {
    await on.service.heartbeats(calls);
    await on.others.del(on.keys.record(alice));
    await on.others.hset(on.keys.record(alice), "a", "hash");
    const outcomes = await on.service.heartbeats(calls);
    expect(outcomes[50]).toBeInstanceOf(PresenceError);
    expect(outcomes.filter((outcome) => "refusal" in outcome)).toHaveLength(99);
  });
});

describe("an empty record", () => {
  // The scripts take it for none, and so must a read.
  test("is none", async () => {
    await on.others.set(on.keys.record(alice), "");
    expect((await on.service.get(alice)).presence.status).toBe("OFFLINE");
    expect((await on.service.connect({ userId: alice, deviceId: phone })).presence.status).toBe("ONLINE");
  });
});
