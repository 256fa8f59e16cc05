import { unknownRecord } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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

const internal = expect.objectContaining({ name: "PresenceError", code: "INTERNAL" });

const header = encodeRecord({ ...unknownRecord, revision: 1 });

describe("a damaged record", () => {
  test.each([
    ["cut short", header.slice(0, 60)],
    ["with a device without a name", `${header}d  1764000000000 9999999999999 1764000000000 -\n`],
    ["with a device that left, cut short", `${header}l tv\nm 9999999999999 on call\n`],
    ["with a device that is none", `${header}d no name\n`],
  ])("%s is INTERNAL, and stays for whoever looks into it", async (_, text) => {
    await on.others.set(on.keys.record(alice), text);
    await expect(on.service.get(alice)).rejects.toEqual(internal);
    await expect(on.service.heartbeat({ userId: alice, deviceId: phone })).rejects.toEqual(internal);
    await expect(on.service.connect({ userId: alice, deviceId: phone })).rejects.toEqual(internal);
    expect(await on.others.get(on.keys.record(alice))).toBe(text);
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
