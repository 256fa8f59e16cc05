import { after, latest, longAgo, type Millis, type Moment, millis, PresenceError, type PresencePolicy } from "@presence/domain";
import type { ClockRule } from "./clock-rule.ts";
import type { NodeProcess } from "./node-process.ts";

export interface ServerClockOptions {
  readonly node: NodeProcess;
  readonly policy: PresencePolicy;
  readonly rule: ClockRule;
  /** Asks the store to move the watch clock on, as this server. */
  readonly tick: (acknowledged: Millis | undefined) => Promise<Moment>;
}

interface Tick {
  readonly moment: Moment;
  readonly sentAt: number;
  readonly answeredAt: number;
}

const maxAttempts = 3;

/** A server's own clock, as the Redis adapter keeps it: the last tick and what has passed since by the process's own time. */
export class ServerClock {
  readonly #options: ServerClockOptions;
  readonly #gapMs: number;
  #last: Tick | undefined;
  #acknowledged: Millis | undefined;
  #ticking: Promise<Tick> | undefined;
  #told: Millis = longAgo;
  #distrusted: Millis = longAgo;

  constructor(options: ServerClockOptions) {
    this.#options = options;
    this.#gapMs = options.rule.gapMs(options.policy);
  }

  /** The last tick that the store has confirmed to this server. */
  get acknowledged(): Millis | undefined {
    return this.#acknowledged;
  }

  /** The connection was lost, and whatever the store kept in mind perhaps with it. */
  invalidate(): void {
    if (!this.#options.rule.ticksAfterReconnect || this.#last === undefined) return;
    this.#last = undefined;
    this.#distrusted = this.#told;
    this.#told = after(this.#told, 1);
  }

  isDistrusted(decidedAt: Millis): boolean {
    return this.#options.rule.distrustsEarlierDecisions && decidedAt <= this.#distrusted;
  }

  async moment(): Promise<Moment> {
    return this.#momentOf(await this.#young());
  }

  /** What `read` finds, and a moment no later than it. */
  async reading<Found>(read: () => Promise<Found>): Promise<{ readonly moment: Moment; readonly found: Found }> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const tick = await this.#young();
      const moment = this.#momentOf(tick);
      const found = await read();
      if (this.#isYoung(tick)) return { moment, found };
    }
    throw tooSlow();
  }

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

  #isYoung({ sentAt }: Tick): boolean {
    return !this.#options.rule.checksAge || this.#options.node.now - sentAt <= this.#gapMs;
  }

  #momentOf({ moment, answeredAt }: Tick): Moment {
    this.#told = latest(this.#told, millis(moment.now + Math.max(0, this.#options.node.now - answeredAt)));
    return { ...moment, now: this.#told };
  }

  #ticked(): Promise<Tick> {
    this.#ticking ??= this.#tick().finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  async #tick(): Promise<Tick> {
    const { node, tick } = this.#options;
    const sentAt = node.now;
    const moment = await tick(this.#acknowledged);
    const answeredAt = node.now;
    this.#acknowledged = moment.now;
    this.#last = { moment: { ...moment, aheadMs: Math.ceil(answeredAt - sentAt) + 1 }, sentAt, answeredAt };
    return this.#last;
  }
}

function tooSlow(): PresenceError {
  return PresenceError.unavailable("the store answers too slowly to tell the time by it", 100);
}
