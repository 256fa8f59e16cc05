import { PresenceError } from "@presence/domain";
import type { NodeProcess } from "./node-process.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimulatedStore } from "./simulated-store.ts";

/** A command that has no answer after so many milliseconds has failed, and may be carried out all the same. */
const commandTimeoutMs = 200;
const latencyMs = 3;
const longestReconnectMs = 300;
/** One for all: the stack of each would cost more than all else. */
const away = PresenceError.unavailable("the store did not answer", 100);

/** One TCP connection, with those who wait for an answer on it. */
interface Connection {
  readonly waiting: Set<(reason: PresenceError) => void>;
  /** Sent into a network that does not deliver now. */
  readonly undelivered: (() => void)[];
}

export interface LinkParts {
  readonly node: NodeProcess;
  readonly store: SimulatedStore;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** The server has noticed that its connection is gone. */
  readonly onClosed: () => void;
}

/** A server's way to the store: commands take time, come late, get lost, or are carried out although the answer is. */
export class Link {
  readonly #parts: LinkParts;
  /** As the store sees it; undefined: there is none. */
  #connection: Connection | undefined;
  /** As the server sees it. */
  #open: boolean;
  #cut = false;
  #cutAtWrite = false;
  #reliable = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#open = parts.store.up;
    if (this.#open) this.#connection = newConnection();
    else this.#reconnect();
  }

  /** Nothing goes wrong on the way any more. */
  heal(): void {
    this.#reliable = true;
  }

  /** The network delivers nothing until `mend`. @param atWrite not before a write is on its way */
  cut(atWrite: boolean): void {
    if (atWrite) this.#cutAtWrite = true;
    else this.#cut = true;
  }

  /** What was sent meanwhile arrives now, also where the server has given the connection up: its kernel has gone on trying. */
  mend(kept: boolean): void {
    this.#cutAtWrite = false;
    if (!this.#cut) return;
    this.#cut = false;
    for (const command of this.#connection?.undelivered.splice(0) ?? []) this.#parts.store.arrive(command);
    if (!kept) this.reset();
  }

  /** The connection ends, and the server hears of it. */
  reset(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    const { node, random } = this.#parts;
    node.after(random.between(0, latencyMs), () => {
      this.#open = false;
      for (const fail of connection.waiting) fail(away);
      this.#parts.onClosed();
      this.#reconnect();
    });
  }

  /** @throws PresenceError `UNAVAILABLE` */
  send<Answer>(carryOut: () => Promise<Answer>, isWrite = false): Promise<Answer> {
    if (isWrite && this.#cutAtWrite) this.#cut = true;
    const connection = this.#connection;
    if (!this.#open) return Promise.reject(away);
    const { node, store, scheduler, random } = this.#parts;
    return new Promise((resolve, reject) => {
      // Sent on a connection whose end the server has not heard of yet: it hears soon.
      if (connection === undefined) return node.after(commandTimeoutMs, () => reject(away));
      const settled = () => connection.waiting.delete(reject);
      connection.waiting.add(reject);
      const giveUp = () =>
        node.after(commandTimeoutMs, () => {
          settled();
          reject(away);
        });
      const command = () => {
        const answer = carryOut();
        if (this.#cut || (!this.#reliable && random.oneIn(60))) return giveUp();
        answer.then(
          (value) =>
            node.after(random.between(0, latencyMs), () => {
              if (connection !== this.#connection) return;
              settled();
              resolve(value);
            }),
          reject,
        );
      };
      scheduler.after(random.between(0, latencyMs), () => {
        if (connection !== this.#connection) return;
        if (this.#cut) {
          giveUp();
          connection.undelivered.push(command);
          return;
        }
        if (store.stalled) giveUp();
        store.arrive(command);
      });
    });
  }

  #reconnect(): void {
    const { node, store, random } = this.#parts;
    node.after(random.between(1, longestReconnectMs), () => {
      if (!store.up || store.stalled || this.#cut) return this.#reconnect();
      this.#connection = newConnection();
      this.#open = true;
    });
  }
}

function newConnection(): Connection {
  return { waiting: new Set(), undelivered: [] };
}
