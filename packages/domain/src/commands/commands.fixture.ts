import { parseDeviceId } from "../ids.ts";
import { defaultPolicy, type PresencePolicy } from "../policy.ts";
import { type PresenceRecord, unknownRecord } from "../record.ts";
import type { Status } from "../status.ts";
import { type Millis, millis } from "../time.ts";
import type { Window } from "../watched-time.ts";
import {
  type Context,
  connect,
  type Decision,
  disconnect,
  drop,
  heartbeat,
  kick,
  overrideStatus,
  reportInactivity,
  sessionEnded,
  setStatus,
  settleDue,
} from "./index.ts";

/** Where stories begin: any instant well after 1970. */
export const start = millis(1_000_000_000);
export const second = 1_000;
export const minute = 60 * second;
export const policy = defaultPolicy;

export function device(name: string) {
  return parseDeviceId(name);
}

export function contextAt(now: Millis, changes: Partial<Context> = {}): Context {
  return { now, aheadMs: 0, window: undefined, blindUntil: millis(0), lostAt: millis(0), session: false, policy, ...changes };
}

/** One user's life, told as a sequence of commands: `at` sets the clock in ms after `start`. */
export class Story {
  record: PresenceRecord = unknownRecord;
  decision: Decision = { next: unknownRecord, moves: [] };
  session = false;
  window: Window | undefined = undefined;
  now: Millis = start;
  readonly #policy: PresencePolicy;

  constructor(ofPolicy: PresencePolicy = policy) {
    this.#policy = ofPolicy;
  }

  at(offsetMs: number): this {
    this.now = millis(start + offsetMs);
    return this;
  }

  withSession(session: boolean): this {
    this.session = session;
    this.decision = { next: this.record, moves: [] };
    return this;
  }

  /** A window in ms after `start`. */
  unwatched(from: number, until: number): this {
    this.window = { from: millis(start + from), until: millis(start + until) };
    return this;
  }

  connect(name: string, idleForMs?: number, holder?: string): this {
    return this.#take(connect(this.record, { deviceId: device(name), idleForMs, holder }, this.context));
  }

  heartbeat(name: string, idleForMs?: number, holder?: string): this {
    return this.#take(heartbeat(this.record, { deviceId: device(name), idleForMs, holder }, this.context));
  }

  set(status: Status, options: { deviceId?: string | undefined; expiresInMs?: number | undefined; message?: string } = {}): this {
    const deviceId = options.deviceId === undefined ? undefined : device(options.deviceId);
    return this.#take(
      setStatus(this.record, { status, deviceId, expiresInMs: options.expiresInMs, message: options.message ?? "" }, this.context),
    );
  }

  override(status: Status, options: { ensureOnline?: boolean; expiresInMs?: number } = {}): this {
    const { ensureOnline = false, expiresInMs } = options;
    return this.#take(overrideStatus(this.record, { status, expiresInMs, message: "", ensureOnline }, this.context));
  }

  inactivity(name?: string): this {
    return this.#take(reportInactivity(this.record, name === undefined ? undefined : device(name), this.context));
  }

  disconnect(name: string): this {
    return this.#take(disconnect(this.record, device(name), this.context));
  }

  drop(name: string, holder: string): this {
    return this.#take(drop(this.record, [device(name)], holder, this.context));
  }

  kick(): this {
    return this.#take(kick(this.record, this.context));
  }

  sessionEnded(seen = false): this {
    return this.#take(sessionEnded(this.record, seen, this.context));
  }

  sweep(): this {
    return this.#take(settleDue(this.record, this.context));
  }

  get context(): Context {
    return contextAt(this.now, { session: this.session, window: this.window, policy: this.#policy });
  }

  #take(decision: Decision): this {
    this.decision = decision;
    this.record = decision.next;
    return this;
  }
}
