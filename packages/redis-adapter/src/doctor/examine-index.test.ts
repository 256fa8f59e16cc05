import { parseUserId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
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
const due = ({ keys }: Patient) => keys.due(keys.partitionOf(user));
const minutes = (number: number) => number * 60_000;

const harms: readonly Harm[] = [
  {
    told: "a sweeper that has stopped",
    harm: ({ others, keys }) => others.hincrby(keys.clock, "tick", -minutes(1)),
    check: "sweeper",
    level: "problem",
    found: /nobody has swept for 1 min/,
  },
  {
    told: "a clock that went back",
    harm: ({ others, keys }) => others.hincrby(keys.clock, "tick", minutes(2)),
    check: "sweeper",
    level: "problem",
    found: /went back by 2 min/,
  },
  {
    told: "a clock that is no hash",
    harm: ({ others, keys }) => others.set(keys.clock, "12:00"),
    check: "sweeper",
    level: "problem",
    found: /WRONGTYPE/,
  },
  {
    told: "a window",
    harm: ({ others, keys }) => others.hset(keys.clock, { from: Date.now() - minutes(1), until: Date.now() + minutes(2) }),
    check: "window",
    level: "note",
    found: /nobody watched for a while.* in 2 min$/,
  },
  {
    told: "lost writes",
    harm: ({ others, keys }) => others.hset(keys.clock, { blind: Date.now() + 34_000 }),
    check: "window",
    level: "note",
    found: /every OFFLINE is withheld for 34 s more/,
  },
  {
    told: "users whom no sweep has looked at",
    harm: async (sick) => sick.others.zadd(due(sick), Date.now() - minutes(1), user),
    check: "sweep-lag",
    level: "problem",
    found: /1 user overdue, the oldest by 1 min/,
  },
  {
    told: "a claim whose sweeper has died",
    harm: async ({ others, keys }) => others.zadd(keys.claims(7), Date.now() - 3_000, user),
    check: "sweep-lag",
    level: "note",
    found: /1 user overdue, the oldest by 3 s/,
  },
  {
    told: "a due entry that is gone",
    harm: async (sick) => sick.others.zrem(due(sick), user),
    check: "due-index",
    level: "problem",
    found: /1 of 3 users with devices have no due entry, such as user-1/,
  },
  {
    told: "a due entry that comes far too late",
    harm: async (sick) => sick.others.zadd(due(sick), Date.now() + minutes(60), user),
    check: "due-index",
    level: "problem",
    found: /user-1/,
  },
  {
    told: "a due entry of nobody",
    harm: ({ others, keys }) => others.del(keys.record(user)),
    check: "due-index",
    level: "note",
    found: /1 of 3 due entries \(33 %\) have no record/,
  },
];

describe("what is wrong with the clock and the due index is found:", () => {
  test.each(harms)("$told", async ({ harm, check, level, found, options }) => {
    sick = await patient(redis);
    await harm(sick);
    const finding = (await sick.examine(options)).get(check);
    expect(finding).toMatchObject({ name: check, level, found: expect.stringMatching(found) });
    if (level !== "ok") expect(finding?.advice).toMatch(/\w/);
  });
});

describe("what is only on its way is none:", () => {
  test("a due entry that a sweep puts back", async () => {
    sick = await patient(redis);
    const { others } = sick;
    const entry = await others.zscore(due(sick), user);
    await others.zrem(due(sick), user);
    const looking = sick.examine();
    setTimeout(() => sick && others.zadd(due(sick), Number(entry), user), 100);
    expect((await looking).get("due-index")).toMatchObject({ level: "ok" });
  });

  test("a lease that a window keeps alive", async () => {
    sick = await patient(redis);
    const { others, keys } = sick;
    await others.hset(keys.clock, { from: Date.now() - minutes(1), until: Date.now() + minutes(5) });
    await others.zadd(due(sick), Date.now() + minutes(5), user);
    expect((await sick.examine()).get("due-index")).toMatchObject({ level: "ok" });
  });
});
