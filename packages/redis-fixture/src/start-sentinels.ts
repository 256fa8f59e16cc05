import { setTimeout as sleep } from "node:timers/promises";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const readyTimeoutMs = 30_000;

export interface StartSentinelsOptions {
  /** Default 2. */
  readonly replicas?: number;
  /** When a master that does not answer counts as down, in milliseconds; default 1,000. */
  readonly downAfterMs?: number;
  /** More arguments of master and replicas. */
  readonly args?: readonly string[];
}

/** A real master, its replicas, and three sentinels that watch over them. */
export interface RunningSentinels {
  /** What the sentinels call the master. */
  readonly masterName: string;
  /** `host:port` of every sentinel, separated by commas. */
  readonly addresses: string;
  /** The first one is the master at first. */
  readonly servers: readonly RunningRedis[];
  readonly sentinels: readonly RunningRedis[];
  /** The master that the sentinels name now. */
  master(): Promise<RunningRedis>;
  /** Resolves when another server than `former` is master, and answers as one. @throws Error after 30 s */
  failedOver(former: RunningRedis): Promise<RunningRedis>;
  stop(): Promise<void>;
}

/** @throws Error where Redis is not installed or does not come up */
export async function startSentinels({
  replicas = 2,
  downAfterMs = 1_000,
  args = [],
}: StartSentinelsOptions = {}): Promise<RunningSentinels> {
  const masterName = "presence";
  const first = await startRedis({ args });
  const started = [first];
  try {
    const others = await Promise.all(
      Array.from({ length: replicas }, () =>
        startRedis({ args: ["--replicaof", "127.0.0.1", String(first.port), "--repl-diskless-sync-delay", "0", ...args] }),
      ),
    );
    started.push(...others);
    const lines = [
      `sentinel monitor ${masterName} 127.0.0.1 ${first.port} 2`,
      `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
      `sentinel failover-timeout ${masterName} 5000`,
    ];
    const sentinels = await Promise.all(Array.from({ length: 3 }, () => startRedis({ sentinel: lines })));
    started.push(...sentinels);
    const servers = [first, ...others];
    const master = async (): Promise<RunningRedis> => {
      const answer = (await sentinels[0]?.ask(`SENTINEL get-master-addr-by-name ${masterName}`)) as readonly [string, string] | undefined;
      const found = servers.find((server) => String(server.port) === answer?.[1]);
      if (found === undefined) throw new Error(`the sentinels name ${answer?.join(":")} as master, which is none of ours`);
      return found;
    };
    await until("every sentinel knows the others, and every replica follows", async () => {
      const infos = await Promise.all(sentinels.map(async (sentinel) => String(await sentinel.ask("INFO sentinel"))));
      const links = await Promise.all(others.map(async (server) => String(await server.ask("INFO replication"))));
      return (
        infos.every((info) => info.includes(`slaves=${replicas},sentinels=3`)) &&
        links.every((info) => info.includes("master_link_status:up"))
      );
    });
    return {
      masterName,
      addresses: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(","),
      servers,
      sentinels,
      master,
      async failedOver(former) {
        await until("another server is master", async () => {
          const now = await master();
          return now !== former && String(await now.ask("INFO replication")).includes("role:master");
        });
        return master();
      },
      stop: async () => void (await Promise.all(started.map((one) => one.stop()))),
    };
  } catch (error) {
    await Promise.all(started.map((one) => one.stop()));
    throw error;
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + readyTimeoutMs; ; await sleep(50)) {
    if (await holds().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`not in ${readyTimeoutMs} ms: ${what}`);
  }
}
