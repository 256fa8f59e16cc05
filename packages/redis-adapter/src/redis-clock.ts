import { after, latest, longAgo, type Millis, type Moment, millis, PresenceError, type PresencePolicy, watchGapMs } from "@presence/domain";
import type { Keys } from "./keys.ts";
import type { RedisLink } from "./link.ts";
import { roundTrip } from "./round-trip.ts";
import { tickCall } from "./script-calls.ts";

export interface RedisClockOptions {
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly policy: PresencePolicy;
  /** Names this server among all that sweep. */
  readonly serverId: string;
  /** Milliseconds that never run backwards; default: this process's monotonic clock. */
  readonly monotonicMs?: () => number;
}

/** What the last tick told, when by this process's clock, and how far Redis may be ahead of what we make of it. */
interface Tick {
  readonly moment: Moment;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** Where not even these many ticks come back in time, Redis is too slow to decide anything by. */
const maxAttempts = 3;

/**
 * The time by which everything is decided: that of Redis, never a node's. A moment is the last tick's time plus what has
 * passed here since its answer came, so it is never ahead of Redis; it is given out only while the tick is young.
 */
export class RedisClock {
  readonly #options: RedisClockOptions;
  readonly #monotonicMs: () => number;
  /** How old a tick may be, in milliseconds since it was sent. */
  readonly #gapMs: number;
  #last: Tick | undefined;
  /** The last tick that Redis acknowledged: if it does not know it any more, it has lost writes. */
  #acknowledged: Millis | undefined;
  #ticking: Promise<Tick> | undefined;
  /** The latest time given out. */
  #told: Millis = longAgo;
  #distrusted: Millis = longAgo;

  constructor(options: RedisClockOptions) {
    this.#options = options;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#gapMs = watchGapMs(options.policy);
  }

  /** After a new connection anything may have happened to Redis: nothing is decided before the next tick. */
  invalidate(): void {
    if (this.#last === undefined) return;
    this.#last = undefined;
    this.#distrusted = this.#told;
    this.#told = after(this.#told, 1);
  }

  /** Whether that was decided before the connection was lost, not knowing what Redis may have lost with it. */
  isDistrusted(decidedAt: Millis): boolean {
    return decidedAt <= this.#distrusted;
  }

  /** The time now, from the last tick if it is young enough, else from a new one. @throws PresenceError `UNAVAILABLE` */
  async moment(): Promise<Moment> {
    return this.#momentOf(await this.#young());
  }

  /**
   * What `read` finds, and a moment no later than it. Were the moment later, say after a pause of this process, a lease
   * that was renewed in between would look lapsed. So an answer that took too long is asked for again.
   * @throws PresenceError `UNAVAILABLE`
   */
  async reading<Found>(read: (moment: Moment) => Promise<Found>): Promise<{ readonly moment: Moment; readonly found: Found }> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const tick = await this.#young();
      const moment = this.#momentOf(tick);
      const found = await read(moment);
      if (this.#isYoung(tick)) return { moment, found };
    }
    throw tooSlow();
  }

  /** Tells Redis that somebody watches, and learns the time. Calls at the same time share one. @throws PresenceError `UNAVAILABLE` */
  async tick(): Promise<Moment> {
    return this.#momentOf(await this.#ticked());
  }

  async #young(): Promise<Tick> {
    if (this.#last !== undefined && this.#isYoung(this.#last)) return this.#last;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const tick = await this.#ticked();
      if (this.#isYoung(tick)) return tick;
    }
    throw tooSlow();
  }

  #isYoung(tick: Tick): boolean {
    return this.#monotonicMs() - tick.sentAt <= this.#gapMs;
  }

  #momentOf({ moment, answeredAt }: Tick): Moment {
    const elapsed = Math.max(0, this.#monotonicMs() - answeredAt);
    // Two clocks never run alike; those who ask one after the other must not see it.
    this.#told = latest(this.#told, millis(moment.now + elapsed));
    return { ...moment, now: this.#told };
  }

  #ticked(): Promise<Tick> {
    this.#ticking ??= this.#tick().finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  async #tick(): Promise<Tick> {
    const { link, keys, policy, serverId } = this.#options;
    // Before the masters are asked: what they say is no younger than that either.
    const sentAt = this.#monotonicMs();
    const masters = await link.checkMasters();
    const askedAt = this.#monotonicMs();
    const { command, result } = tickCall(keys, serverId, { acknowledged: this.#acknowledged, mastersChanged: masters.changed }, policy);
    const [answer] = await roundTrip(link, [command]);
    const answeredAt = this.#monotonicMs();
    const ticked = result(answer);
    masters.accept();
    this.#acknowledged = ticked.now;
    // Redis read its clock at some time in between; up to two milliseconds more are lost by counting whole ones, there and here.
    const aheadMs = Math.ceil(Math.max(0, answeredAt - askedAt)) + 2;
    this.#last = { moment: { ...ticked, aheadMs }, sentAt, answeredAt };
    return this.#last;
  }
}

function tooSlow(): PresenceError {
  return PresenceError.unavailable("Redis answers too slowly to tell the time by it", 500);
}
