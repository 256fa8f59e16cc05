import { type PresenceRecord, parseDeviceId } from "@presence/domain";
import mock from "ioredis-mock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeRecord } from "./record-text.ts";
import { scripts } from "./scripts.ts";
import { aCommit, alice, aRecord, aRenewal, bedOn, bob, entriesOf, type TestBed } from "./test-bed.fixture.ts";

// What works there: the mock has no GETRANGE of a missing key, so no first commit; no ZADD LT, so no due entries; no keyspace
// events. The contract runs on a real Redis.

let bed: TestBed;
let record: PresenceRecord;

beforeEach(async () => {
  bed = bedOn(new mock.default());
  // Its pipeline fails as a whole where one command does, so nothing may be left to the fallback for unknown scripts. It has no
  // SCRIPT LOAD, but knows what it has run, also where that failed for want of keys.
  await Promise.allSettled(Object.values(scripts).map(({ source }) => bed.client.eval(source, 0)));
  record = aRecord((await bed.clock.moment()).now, { bound: true });
  await bed.client.set(bed.keys.record(alice), encodeRecord(record));
  await bed.client.hset(bed.keys.session(alice), { sessionId: "s1", status: "ONLINE" });
});
afterEach(async () => {
  await bed.client.flushall();
  bed.close();
});

test("records are loaded in order, with their sessions", async () => {
  expect((await entriesOf(bed.store.load([bob, alice]))).map(({ revision }) => revision)).toEqual([0, 1]);
  expect(await entriesOf(bed.store.loadForChange([alice]))).toEqual([{ record, session: true }]);
});

test("of two commits on one revision one wins, and its status stands in the session", async () => {
  const { now } = (await bed.store.load([])).moment;
  const next: PresenceRecord = { ...record, revision: 2, status: "DND" };
  const commit = aCommit(alice, next, now, { session: true });
  expect(await bed.store.commit([commit])).toEqual(["committed"]);
  expect(await bed.store.commit([commit])).toEqual(["conflict"]);
  expect(await entriesOf(bed.store.load([alice]))).toEqual([next]);
  expect(await bed.client.hgetall(bed.keys.session(alice))).toEqual({ sessionId: "s1", status: "DND" });
});

test("a commit creates no session", async () => {
  await bed.client.del(bed.keys.session(alice));
  const { now } = (await bed.store.load([])).moment;
  expect(await bed.store.commit([aCommit(alice, { ...record, revision: 2 }, now, { session: true })])).toEqual(["conflict"]);
  expect(await bed.client.exists(bed.keys.session(alice))).toBe(0);
});

test("a known device is renewed, an unknown one is not", async () => {
  const entries = await entriesOf(bed.store.renew([aRenewal(alice), aRenewal(alice, { deviceId: parseDeviceId("desktop") })]));
  expect(entries.map(({ renewed }) => renewed)).toEqual([true, false]);
  expect(await entriesOf(bed.store.load([alice]))).toEqual([entries[0]?.record]);
  expect(entries[0]?.record).toMatchObject({ revision: 2, version: record.version });
});
