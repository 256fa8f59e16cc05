import { type Millis, millis, type Moment, type PresencePolicy, watchGapMs } from "@presence/domain";
import type { Redis } from "ioredis";
import type { Keys } from "./keys.ts";
import { evalsha, roundTrip, scripts } from "./scripts.ts";

export interface RedisClockOptions {
  readonly client: Redis;
  readonly keys: Keys;
  readonly policy: PresencePolicy;
  /** Names this server among all that sweep. */
  readonly serverId: string;
  /** Milliseconds that never run backwards; default: this process's monotonic clock. */
  readonly monotonicMs?: () => number;
}

/** What the last tick told, and when by this process's clock. */
interface Tick {
  readonly moment: Moment;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/**
 * The time by which everything is decided: that of Redis, never a node's. A moment is the last tick's time plus what has
 * passed here since its answer came, so it is never ahead of Redis; it is given out only while the tick is young.
 */
export class RedisClock {
  readonly #options: RedisClockOptions;
  readonly #monotonicMs: () => number;
  readonly gapMs: number;
  #last: Tick | undefined;
  /** The last tick that Redis acknowledged: if it does not know it any more, it has lost writes. */
  #acknowledged: Millis | undefined;
  #ticking: Promise<Moment> | undefined;

  constructor(options: RedisClockOptions) {
    this.#options = options;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.gapMs = watchGapMs(options.policy);
  }

  /** After a new connection anything may have happened to Redis: nothing is decided before the next tick. */
  invalidate(): void {
    this.#last = undefined;
  }

  /** The time now, from the last tick if it is young enough, else from a new one. @throws PresenceError `UNAVAILABLE` */
  async moment(): Promise<Moment> {
    const now = this.#monotonicMs();
    const last = this.#last;
    if (last === undefined || now - last.sentAt > this.gapMs) return this.tick();
    return { ...last.moment, now: millis(last.moment.now + Math.max(0, now - last.answeredAt)) };
  }

  /** Tells Redis that somebody watches, and learns the time. Calls at the same time share one. */
  async tick(): Promise<Moment> {
    this.#ticking ??= this.#tick().finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  async #tick(): Promise<Moment> {
    const { client, keys, policy, serverId } = this.#options;
    const blindMs = Math.ceil(1.1 * policy.heartbeatIntervalMs) + 1_000;
    const sentAt = this.#monotonicMs();
    const args = [`server:${serverId}`, this.#acknowledged ?? "", this.gapMs, policy.leaseTtlMs, blindMs];
    const [answer] = await roundTrip(client, [evalsha(scripts.tick, [keys.clock], args)]);
    const [now = 0, from = 0, until = 0, blindUntil = 0] = (answer as string[]).map(Number);
    const moment: Moment = {
      now: millis(now),
      window: until === 0 ? undefined : { from: millis(from), until: millis(until) },
      blindUntil: millis(blindUntil),
    };
    this.#acknowledged = moment.now;
    this.#last = { moment, sentAt, answeredAt: this.#monotonicMs() };
    return moment;
  }
}
