import { PresenceService, presencePolicy } from "@presence/domain";
import { type RedisAdapter, redisAdapter } from "@presence/redis-adapter";
import { type Crowd, phone, userAt } from "./crowd.ts";

/** What one server did and suffered. */
export interface SweptBy {
  readonly moves: number;
  readonly sweeps: number;
  /** Wall-clock time of this machine. */
  readonly firstMoveAt: number;
  readonly lastMoveAt: number;
  readonly longestLagMs: number;
  /** Of live calls on the same server meanwhile, in ms, in order. */
  readonly reads: readonly number[];
  readonly heartbeats: readonly number[];
}

export interface SweeperOptions {
  readonly url: string;
  readonly crowd: Crowd;
  readonly server: number;
  readonly servers: number;
  /** Called after each sweep, with the moves so far: whether all have gone OFFLINE, on whatever server. */
  readonly isOver: (moves: number) => boolean;
}

const intervalMs = 250;
const batch = 200;
const liveEveryMs = 5;

/** Of a lease longer than any run: a heartbeat moves it later. */
export const policy = presencePolicy({ leaseTtlMs: 7_200_000 });

export function connectTo(url: string, name: string): RedisAdapter {
  return redisAdapter({ url, policy, sessionKey: `${name}:session:%s`, keyPrefix: `${name}:presence:` });
}

export async function ready({ store }: RedisAdapter): Promise<void> {
  for (const deadline = Date.now() + 5_000; ; ) {
    try {
      await store.load([]);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(10);
    }
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sweeps as a server does, and serves live calls beside it: heartbeats of living users that belong to this server alone. */
export async function sweepAndServe({ url, crowd, server, servers, isOver }: SweeperOptions): Promise<SweptBy> {
  const adapter = connectTo(url, crowd.name);
  await ready(adapter);
  const service = new PresenceService({ ...adapter, policy });
  const result = { moves: 0, sweeps: 0, firstMoveAt: 0, lastMoveAt: 0, longestLagMs: 0, reads: [] as number[], heartbeats: [] as number[] };
  let index = crowd.lapsing + server;
  const measure = async (times: number[], call: () => Promise<unknown>) => {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  };
  const failed: unknown[] = [];
  const live = setInterval(() => {
    const userId = userAt(index);
    index += servers;
    if (index >= crowd.users) index = crowd.lapsing + server;
    measure(result.heartbeats, () => service.heartbeat({ userId, deviceId: phone })).catch((error: unknown) => failed.push(error));
    measure(result.reads, () => service.getMany([userId])).catch((error: unknown) => failed.push(error));
  }, liveEveryMs);
  try {
    while (!isOver(result.moves)) {
      const { moves, visited, lagMs } = await service.sweep(batch);
      result.sweeps++;
      if (moves.length > 0) {
        result.firstMoveAt ||= Date.now();
        result.lastMoveAt = Date.now();
        result.longestLagMs = Math.max(result.longestLagMs, lagMs);
      }
      result.moves += moves.length;
      await sleep(visited >= batch ? 0 : intervalMs);
    }
  } finally {
    clearInterval(live);
    await sleep(50);
    adapter.close();
  }
  if (failed.length > 0) throw failed[0];
  return result;
}

/** The value below which so many of a hundred lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
