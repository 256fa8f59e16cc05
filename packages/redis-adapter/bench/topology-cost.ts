import { type Commit, type Millis, never, parseDeviceId, parseUserId, presencePolicy, unknownRecord } from "@presence/domain";
import { type RedisAdapter, type RedisAddress, redisAdapter } from "@presence/redis-adapter";
import { type RunningRedis, startCluster, startRedis } from "@presence/redis-fixture";

/** What one Redis and a cluster of three cost a user, side by side: client and Redis, in µs of CPU, and how many commands each node gets a call. */
const sizes = [100, 1_000] as const;
const rounds = 9;
const callsPerRound = 20;
const phone = parseDeviceId("phone-7f3c9a");
const policy = presencePolicy();

interface Bed {
  readonly name: string;
  readonly address: RedisAddress;
  readonly nodes: readonly RunningRedis[];
}

type Job = (adapter: RedisAdapter, users: readonly ReturnType<typeof parseUserId>[]) => Promise<void>;

const jobs: Readonly<Record<string, Job>> = {
  load: async ({ store }, users) => void (await store.load(users)),
  renew: async ({ store }, users) => {
    const renewals = users.map((userId) => ({
      userId,
      deviceId: phone,
      leaseForMs: policy.leaseTtlMs,
      activeForMs: undefined,
      holder: undefined,
    }));
    await store.renew(renewals);
  },
  commit: async ({ store }, users) => {
    const { moment, entries } = await store.loadForChange(users);
    const commits = entries.flatMap((entry, index): Commit[] => {
      const userId = users[index];
      return "record" in entry && userId !== undefined ? [commitOf(userId, entry.record, moment.now)] : [];
    });
    await store.commit(commits);
  },
};

const [one, cluster] = await Promise.all([startRedis(), startCluster({ replicas: 0 })]);
const beds: readonly Bed[] = [
  { name: "one Redis", address: { url: one.url }, nodes: [one] },
  { name: "a cluster of three", address: { cluster: cluster.addresses.split(",") }, nodes: cluster.nodes },
];
try {
  const adapters = await Promise.all(beds.map(({ address }) => ready(redisAdapter({ ...address, policy }))));
  console.log("| users | call | on | client µs a user | Redis µs a user | commands a call, by node |\n|---|---|---|---|---|---|");
  for (const size of sizes) {
    const users = Array.from({ length: size }, (_, index) => parseUserId(`user:${index}`));
    for (const [name, job] of Object.entries(jobs)) {
      const costs = beds.map(() => ({ client: [] as number[], redis: [] as number[], commands: [] as number[] }));
      // In turn, so that whatever disturbs one disturbs the other.
      for (let round = -1; round < rounds; round++) {
        for (const [index, bed] of beds.entries()) {
          const adapter = adapters[index];
          const cost = costs[index];
          if (adapter === undefined || cost === undefined) continue;
          const measured = await measure(bed, () => job(adapter, users));
          if (round < 0) continue;
          cost.client.push(measured.clientUs / users.length);
          cost.redis.push(measured.redisUs / users.length);
          cost.commands = measured.commands;
        }
      }
      for (const [index, { client, redis, commands }] of costs.entries()) {
        console.log(`| ${size} | ${name} | ${beds[index]?.name} | ${median(client)} | ${median(redis)} | ${commands.join(", ")} |`);
      }
    }
  }
  for (const adapter of adapters) adapter.close();
} finally {
  await Promise.all([one.stop(), cluster.stop()]);
}

async function measure({ nodes }: Bed, job: () => Promise<void>) {
  const before = await Promise.all(nodes.map(usageOf));
  const started = process.cpuUsage();
  for (let call = 0; call < callsPerRound; call++) await job();
  const { user, system } = process.cpuUsage(started);
  const after = await Promise.all(nodes.map(usageOf));
  const used = after.map(({ cpuUs, commands }, index) => ({
    cpuUs: cpuUs - (before[index]?.cpuUs ?? 0),
    commands: commands - (before[index]?.commands ?? 0),
  }));
  return {
    clientUs: (user + system) / callsPerRound,
    redisUs: used.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / callsPerRound,
    commands: used.map(({ commands }) => Math.round(commands / callsPerRound)),
  };
}

/** CPU of a node so far, and commands that it has carried out, those inside scripts included. */
async function usageOf(node: RunningRedis): Promise<{ readonly cpuUs: number; readonly commands: number }> {
  const info = `${await node.ask("INFO cpu")}\n${await node.ask("INFO stats")}`;
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1] ?? 0);
  return { cpuUs: (number("used_cpu_user") + number("used_cpu_sys")) * 1e6, commands: number("total_commands_processed") };
}

function commitOf(userId: Commit["userId"], before: Commit["record"], now: Millis): Commit {
  const device = { id: phone, leaseUntil: (now + 60_000) as Millis, activeUntil: never, lastSeen: now, holder: "4f6c/12" };
  const record = {
    ...unknownRecord,
    ...before,
    revision: before.revision + 1,
    version: now * 1_000,
    status: "ONLINE" as const,
    devices: [device],
  };
  const presence = { userId, status: record.status, since: now, lastSeen: undefined, message: "", version: record.version };
  const rest = { keepForMs: 3_600_000, due: device.leaseUntil, session: false, signOfLife: true, event: presence, staleFrom: never };
  return { userId, expectedRevision: before.revision, record: { ...record, since: now, settledAt: now }, decidedAt: now, ...rest };
}

async function ready(adapter: RedisAdapter): Promise<RedisAdapter> {
  for (const deadline = Date.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      await adapter.store.load([]);
      return adapter;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN).toFixed(1);
}
