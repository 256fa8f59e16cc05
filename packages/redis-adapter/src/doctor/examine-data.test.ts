import { parseUserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { login } from "../service-on-redis.fixture.ts";
import { type Harm, type Patient, patient } from "./patient.fixture.ts";

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

let sick: Patient | undefined;
afterEach(() => {
  sick?.close();
  sick = undefined;
});

const user = parseUserId("user-1");
const stranger = parseUserId("stranger");

const harms: readonly Harm[] = [
  {
    told: "a record of a newer server",
    harm: ({ others, keys }) => others.set(keys.record(user), "2 something new"),
    check: "records",
    level: "problem",
    found: /1 record of 3 have a format that this version does not know, such as that of user-1/,
  },
  {
    told: "a damaged record",
    harm: ({ others, keys }) => others.set(keys.record(user), "1 \u001b[31m"),
    check: "records",
    level: "problem",
    found: /1 record of 3 cannot be read, such as that of user-1/,
  },
  {
    told: "a record that is no string",
    harm: ({ others, keys }) => others.multi().del(keys.record(user)).rpush(keys.record(user), "x").exec(),
    check: "records",
    level: "problem",
    found: /cannot be read/,
  },
  {
    told: "a record that is kept for good",
    harm: ({ others, keys }) => others.persist(keys.record(user)),
    check: "records",
    level: "note",
    found: /1 record of 3 have no TTL/,
  },
  {
    told: "another session key than that of the servers",
    harm: async () => {},
    options: { sessionKey: "auth:%s" },
    check: "records",
    level: "problem",
    found: /3 records of 3 belong to another session key than auth:%s/,
  },
  {
    told: "a session that is no hash",
    harm: ({ others, keys }) => others.multi().del(keys.session(user)).set(keys.session(user), "{}").exec(),
    check: "sessions",
    level: "problem",
    found: /1 key of 3 .* are no hash, such as that of user-1 \(string\)/,
  },
  {
    told: "a status that was written after a logout",
    harm: ({ others, keys }) => others.hset(keys.session(stranger), "status", "ONLINE"),
    check: "sessions",
    level: "problem",
    found: /nothing but a status and never end, such as that of stranger/,
  },
  {
    told: "a logout that nobody has noticed",
    // By a rename: its notification is none that the server listens to.
    harm: ({ others, keys }) => others.rename(keys.session(user), `gone:${keys.session(user)}`),
    check: "sessions",
    level: "note",
    found: /1 user still connected though the session is gone, such as user-1/,
  },
  {
    told: "a connected user's session without a TTL",
    harm: ({ others, keys }) => others.persist(keys.session(user)),
    check: "session-ttl",
    level: "problem",
    found: /of 3 sessions 1 have no TTL, 2 up to a lease, 0 more.*that of user-1 of a connected user has no TTL/,
  },
  {
    told: "the same where presence leaves TTLs alone",
    harm: ({ others, keys }) => others.persist(keys.session(user)),
    options: { sessionTtl: "off" },
    check: "session-ttl",
    level: "note",
    found: /=off.*end only when the auth service deletes them/,
  },
  {
    told: "a session that ends before its user's lease",
    harm: ({ others, keys }) => others.expire(keys.session(user), 20),
    check: "session-ttl",
    level: "problem",
    found: /that of user-1 ends before the lease/,
  },
  {
    told: "a session that outlives the lease where it must not",
    harm: ({ others, keys }) => others.expire(keys.session(user), 3_600),
    options: { sessionTtl: "exact" },
    check: "session-ttl",
    level: "problem",
    found: /2 up to a lease, 1 more.*that of user-1 of a connected user outlives the lease/,
  },
  {
    told: "a session that outlives the lease where it may",
    harm: ({ others, keys }) => others.expire(keys.session(user), 3_600),
    check: "session-ttl",
    level: "ok",
    found: /2 up to a lease, 1 more$/,
  },
  {
    told: "a session without a TTL of a user who is not connected",
    harm: ({ others, keys }) => others.hset(keys.session(stranger), login),
    check: "session-ttl",
    level: "note",
    found: /of 4 sessions 1 have no TTL.*of users who never connect they stay for good/,
  },
  {
    told: "a session without a status",
    harm: ({ others, keys }) => others.hdel(keys.session(user), "status"),
    check: "session-status",
    level: "problem",
    found: /1 have no status, 0 another one than presence, such as that of user-1/,
  },
  {
    told: "a status that somebody else has written",
    harm: ({ others, keys }) => others.hset(keys.session(user), "status", "DND"),
    check: "session-status",
    level: "problem",
    found: /0 have no status, 1 another one/,
  },
];

describe("what is wrong with records and sessions is found:", () => {
  test.each(harms)("$told", async ({ harm, check, level, found, options }) => {
    sick = await patient(redis);
    await harm(sick);
    const finding = (await sick.examine(options)).get(check);
    expect(finding).toMatchObject({ name: check, level, found: expect.stringMatching(found) });
    if (level !== "ok") expect(finding?.advice).toMatch(/\w/);
  });
});

test("one of many sessions that the next heartbeat puts right is no problem", async () => {
  sick = await patient(redis, 40);
  await sick.others.persist(sick.keys.session(user));
  await sick.others.hdel(sick.keys.session(user), "status");
  const findings = await sick.examine();
  expect(findings.get("session-ttl")).toMatchObject({ level: "note", found: expect.stringContaining("1 of 40 is not") });
  expect(findings.get("session-status")).toMatchObject({ level: "note" });
});
