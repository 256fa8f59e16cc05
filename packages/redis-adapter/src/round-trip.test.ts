import { presencePolicy } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { roundTrip } from "./round-trip.ts";
import { commitCall, renewCall } from "./script-calls.ts";
import { standaloneLink } from "./standalone-link.ts";
import { aCommit, alice, aRecord, aRenewal, bob, entriesOf, put, type TestBed, testBed, users } from "./test-bed.fixture.ts";

let redis: RunningRedis;
let bed: TestBed;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  bed = await testBed(redis.url);
  await bed.client.script("FLUSH");
});
afterEach(() => bed.close());

const settings = { policy: presencePolicy(), sessionTtl: "align", link: { db: 0, publish: "PUBLISH" } } as const;

describe("a script that Redis does not know", () => {
  test("is sent with its source: a first start needs no preparation", async () => {
    const record = await put(bed, alice);
    expect(await entriesOf(bed.store.load([alice]))).toEqual([record]);
  });

  test("after a SCRIPT FLUSH before each call changes nothing that callers see", async () => {
    const { client, store } = bed;
    const { now } = (await store.load([])).moment;
    const calls = [
      async () => expect(await store.commit([aCommit(alice, aRecord(now), now, { due: now })])).toEqual(["committed"]),
      async () => expect((await entriesOf(store.renew([aRenewal(alice)])))[0]?.renewed).toBe(true),
      async () => expect((await store.claimDue(5)).userIds).toEqual([alice]),
      async () => store.finishDue([{ userId: alice, due: undefined, keepForMs: 1_000 }]),
      async () => expect((await store.scan(undefined, 5)).users).toHaveLength(1),
    ];
    for (const call of calls) {
      await client.script("FLUSH");
      await call();
    }
  });

  test("in the middle of a pipeline is carried out once, and the others are not repeated", async () => {
    const { client, keys } = bed;
    const { now } = (await bed.store.load([])).moment;
    await put(bed, bob);
    await bed.store.renew([]);
    const first = commitCall(keys, aCommit(alice, aRecord(now), now), settings);
    const second = commitCall(keys, aCommit(alice, aRecord(now, { revision: 2 }), now), settings);
    const renewal = renewCall(keys, [aRenewal(bob)], now, settings);
    const answers = await roundTrip(standaloneLink(client), [
      first.command,
      ["SCRIPT", "FLUSH"],
      second.command,
      renewal.command,
      ["GET", keys.record(alice)],
    ]);
    expect([first.result(answers[0]), second.result(answers[2])]).toEqual(["committed", "committed"]);
    expect(renewal.result(answers[3])[0]).toMatchObject({ renewed: true, record: { revision: 2 } });
    expect((await entriesOf(bed.store.load([alice, bob]))).map(({ revision }) => revision)).toEqual([2, 2]);
  });
});

test("renewals of hundreds take one script a hundred", async () => {
  const { client, store } = bed;
  const { now } = (await store.load([])).moment;
  const many = users(250);
  await store.commit(many.map((userId) => aCommit(userId, aRecord(now), now)));
  await store.renew(many.map((userId) => aRenewal(userId)));
  await client.config("RESETSTAT");
  const entries = await entriesOf(store.renew(many.map((userId) => aRenewal(userId))));
  expect(entries.map(({ renewed, record }) => [renewed, record.revision])).toEqual(many.map(() => [true, 3]));
  expect(await client.info("commandstats")).toMatch(/cmdstat_evalsha:calls=3,/);
});

test("a read of thousands takes one command a thousand, and comes in order", async () => {
  const { client, store } = bed;
  const { now } = (await store.load([])).moment;
  const many = users(2_500);
  await store.commit(many.map((userId, index) => aCommit(userId, aRecord(now, { version: index }), now)));
  await client.config("RESETSTAT");
  expect((await entriesOf(store.load(many))).map(({ version }) => version)).toEqual(many.map((_, index) => index));
  expect((await entriesOf(store.loadForChange(many))).map(({ record }) => record.version)).toEqual(many.map((_, index) => index));
  expect(await client.info("commandstats")).toMatch(/cmdstat_mget:calls=6,/);
});
