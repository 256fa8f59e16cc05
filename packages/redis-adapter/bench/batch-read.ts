import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import {
  type Commit,
  type Millis,
  never,
  PresenceError,
  type PresenceStore,
  parseDeviceId,
  parseUserId,
  presencePolicy,
  unknownRecord,
} from "@presence/domain";
import { redisAdapter } from "@presence/redis-adapter";
import { startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";

/** What one user costs this process, in µs of CPU: ioredis and the kernel's part included, Redis itself not. */
export interface CostPerUser {
  /** 100 hash reads in one pipeline: how presence would be read without records of one string. */
  readonly hashes: number;
  /** `load` of 100 users. */
  readonly load: number;
  /** `renew` of 100 devices. */
  readonly renew: number;
}

const users = Array.from({ length: 100 }, (_, index) => parseUserId(`user:${index}`));
const phone = parseDeviceId("phone-7f3c9a");

/** Runs each of the three `rounds` times in turn, and takes the median: other processes disturb some rounds. */
export async function costPerUser(url: string, rounds: number): Promise<CostPerUser> {
  const name = randomUUID().slice(0, 8);
  const policy = presencePolicy();
  const adapter = redisAdapter({ url, policy, sessionKey: `${name}:session:%s`, keyPrefix: `${name}:presence:` });
  const client = new Redis(url);
  try {
    await prepare(adapter.store, client, name);
    const { leaseTtlMs } = policy;
    const renewals = users.map((userId) => ({
      userId,
      deviceId: phone,
      leaseForMs: leaseTtlMs,
      activeForMs: undefined,
      holder: undefined,
    }));
    const jobs = {
      hashes: async () => {
        const pipeline = client.pipeline();
        for (const userId of users) pipeline.hgetall(`${name}:hash:${userId}`);
        await pipeline.exec();
      },
      load: async () => void (await adapter.store.load(users)),
      renew: async () => {
        const { entries } = await adapter.store.renew(renewals);
        if (!entries.every((entry) => !(entry instanceof PresenceError) && entry.renewed)) throw new Error("a renewal was declined");
      },
    };
    const measured = { hashes: [] as number[], load: [] as number[], renew: [] as number[] };
    for (let round = -2; round < rounds; round++) {
      for (const job of ["hashes", "load", "renew"] as const) {
        const cost = await cpuOf(jobs[job]);
        if (round >= 0) measured[job].push(cost);
      }
    }
    return { hashes: median(measured.hashes), load: median(measured.load), renew: median(measured.renew) };
  } finally {
    adapter.close();
    client.disconnect();
  }
}

const callsPerRound = 100;

async function cpuOf(job: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let call = 0; call < callsPerRound; call++) await job();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / callsPerRound / users.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Every user with a session, a record of one device and a claim; and the same as a hash. */
async function prepare(store: PresenceStore, client: Redis, name: string): Promise<void> {
  for (const userId of users) {
    await client.hset(`${name}:session:${userId}`, { sessionId: "s1", name: "Alice", roles: "user" });
    const fields = { status: "ONLINE", since: "1764000000000", lastSeen: "1764000000000", version: "1764000000000000", message: "on call" };
    await client.hset(`${name}:hash:${userId}`, { ...fields, "device:phone-7f3c9a": "1764000000000 1764000000000" });
  }
  for (const deadline = Date.now() + 5_000; ; ) {
    try {
      const { moment } = await store.load([]);
      const results = await store.commit(users.map((userId) => firstCommit(userId, moment.now)));
      if (results.some((result) => result !== "committed")) throw new Error(`not prepared: ${results}`);
      return;
    } catch (error) {
      // The connection is made in the background.
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function firstCommit(userId: Commit["userId"], now: Millis): Commit {
  const device = { id: phone, leaseUntil: now, activeUntil: never, lastSeen: now, holder: "4f6c/12" };
  const record: Commit["record"] = {
    ...unknownRecord,
    revision: 1,
    version: now * 1_000,
    status: "ONLINE",
    since: now,
    lastSeen: now,
    settledAt: now,
    bound: true,
    message: { text: "on call", until: never },
    devices: [{ ...device, leaseUntil: (now + 60_000) as Millis }],
  };
  const rest = { keepForMs: 600_000, due: undefined, event: undefined, signOfLife: true };
  return { userId, expectedRevision: 0, record, session: true, decidedAt: now, staleFrom: never, ...rest };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const redis = await startRedis();
  try {
    const cost = await costPerUser(redis.url, 15);
    for (const [job, micros] of Object.entries(cost)) console.log(`${job.padEnd(6)} ${micros.toFixed(2).padStart(6)} µs of CPU a user`);
  } finally {
    await redis.stop();
  }
}
