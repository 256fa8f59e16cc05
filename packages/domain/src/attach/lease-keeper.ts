import { PresenceError } from "../errors.ts";
import type { HeartbeatCall, HeartbeatOutcome } from "../heartbeats.ts";
import type { PresencePolicy } from "../policy.ts";
import type { PresenceRecord } from "../record.ts";
import { refusalError } from "../refusal.ts";
import { type HeldDevice, HeldStream } from "./held-stream.ts";

/** What a keeper needs of the presence service. */
export interface LeaseRenewer {
  readonly policy: PresencePolicy;
  heartbeats(calls: readonly HeartbeatCall[]): Promise<readonly (HeartbeatOutcome | PresenceError)[]>;
}

export interface LeaseKeeperOptions {
  readonly service: LeaseRenewer;
  /** Renewals failed, because the store is away or a user's data is broken; they are tried again. */
  readonly onRenewFailed?: (error: unknown) => void;
}

/** A device on its way round the wheel. */
interface Entry extends HeldDevice {
  readonly stream: HeldStream;
  /** The user's record at the last renewal, should the store lose it. */
  known: PresenceRecord | undefined;
}

/** How fine the wheel turns. */
const slotMs = 250;
const retryMs = 1_000;
/** Most renewals in one call: as many as a batch may have. */
const batchSize = 1_000;

/**
 * Renews the leases of all devices on all open streams, in batches whoever's they are: each once a heartbeat interval,
 * spread out by when it came. It has no timer: `tick` turns the wheel.
 */
export class LeaseKeeper {
  readonly #service: LeaseRenewer;
  readonly #onRenewFailed: (error: unknown) => void;
  /** Devices by the slot of time in which they are due. */
  readonly #wheel = new Map<number, Set<Entry>>();
  #now = 0;
  #slot = 0;
  #hastenedUntil = 0;

  constructor({ service, onRenewFailed = () => {} }: LeaseKeeperOptions) {
    this.#service = service;
    this.#onRenewFailed = onRenewFailed;
  }

  /** A stream that can hold devices. `lost` is called for each that is found gone: kicked, logged out elsewhere, its session ended. */
  open(holder: string, lost: (device: HeldDevice, error: PresenceError) => void): HeldStream {
    return new HeldStream(holder, lost, this.#now, (stream, device) =>
      this.#schedule({ ...device, stream, known: undefined }, this.#service.policy.heartbeatIntervalMs),
    );
  }

  /** Moves time on; to be called every 250 ms or so with a clock in milliseconds that never runs backwards. */
  tick(now: number): void {
    this.#now = now;
    const due: Entry[] = [];
    for (const last = Math.floor(now / slotMs); this.#slot <= last; this.#slot++) {
      const entries = this.#wheel.get(this.#slot);
      if (entries === undefined) continue;
      this.#wheel.delete(this.#slot);
      for (const entry of entries) if (entry.stream.holds(entry)) due.push(entry);
    }
    for (let from = 0; from < due.length; from += batchSize) this.#renew(due.slice(from, from + batchSize));
  }

  #schedule(entry: Entry, inMs: number): void {
    const slot = Math.max(this.#slot, Math.ceil((this.#now + inMs) / slotMs));
    const entries = this.#wheel.get(slot);
    if (entries === undefined) this.#wheel.set(slot, new Set([entry]));
    else entries.add(entry);
  }

  #renew(entries: readonly Entry[]): void {
    const { leaseTtlMs, heartbeatIntervalMs } = this.#service.policy;
    const heard: Entry[] = [];
    for (const entry of entries) {
      // A proxy answers pings for an app that is gone: who says nothing for a lease is left to lapse, until he speaks.
      if (this.#now - entry.stream.heardAt <= leaseTtlMs) heard.push(entry);
      else this.#schedule(entry, heartbeatIntervalMs);
    }
    if (heard.length === 0) return;
    this.#service.heartbeats(heard.map(({ userId, deviceId, stream, known }) => ({ userId, deviceId, holder: stream.holder, known }))).then(
      (outcomes) => {
        for (const [index, entry] of heard.entries()) this.#renewed(entry, outcomes[index]);
      },
      (error: unknown) => {
        this.#onRenewFailed(error);
        for (const entry of heard) this.#schedule(entry, retryMs);
      },
    );
  }

  #renewed(entry: Entry, outcome: HeartbeatOutcome | PresenceError | undefined): void {
    if (!entry.stream.holds(entry)) return;
    const { heartbeatIntervalMs } = this.#service.policy;
    if (outcome instanceof PresenceError) {
      this.#onRenewFailed(outcome);
      this.#schedule(entry, heartbeatIntervalMs);
      return;
    }
    if (outcome?.lostWrites) this.#hasten();
    if (outcome !== undefined) entry.known = outcome.record;
    if (outcome?.refusal === undefined) this.#schedule(entry, heartbeatIntervalMs);
    else entry.stream.lose(entry, refusalError(outcome.refusal, entry.userId, entry.deviceId));
  }

  /** The store has lost what it knew: everyone is registered again, in half the time that his turn is away. */
  #hasten(): void {
    if (this.#now < this.#hastenedUntil) return;
    this.#hastenedUntil = this.#now + this.#service.policy.heartbeatIntervalMs;
    const waiting = [...this.#wheel];
    this.#wheel.clear();
    for (const [slot, entries] of waiting) {
      for (const entry of entries) this.#schedule(entry, (slot * slotMs - this.#now) / 2);
    }
  }
}
