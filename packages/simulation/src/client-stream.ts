import { type DeviceId, type HeldStream, type OwnPresence, PresenceError } from "@presence/domain";
import type { Person } from "./person.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Server } from "./server.ts";

export interface ClientStreamParts {
  readonly server: Server;
  readonly person: Person;
  readonly deviceId: DeviceId;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** The stream ended without the client's doing, or its device was found gone. */
  readonly onEnded: (error: unknown) => void;
}

const latencyMs = 3;

/** An Attach stream with one device on it, both ends: the server renews its lease while the client speaks now and then. */
export class ClientStream {
  readonly #parts: ClientStreamParts;
  readonly #unwatch: () => void;
  #held: HeldStream | undefined;
  /** As the client sees it. */
  #open = true;
  /** As the server sees it. */
  #closed = false;

  constructor(parts: ClientStreamParts) {
    this.#parts = parts;
    const { server } = parts;
    this.#unwatch = server.onGone({
      died: () => this.#end(PresenceError.unavailable("the server died", 10)),
      drained: () => {
        this.#closed = true;
        this.#held?.close();
        parts.scheduler.after(parts.random.between(0, latencyMs), () => this.#end(PresenceError.unavailable("the stream was ended", 10)));
      },
    });
  }

  /** Who holds the other end. */
  get server(): Server {
    return this.#parts.server;
  }

  connect(): Promise<OwnPresence> {
    const { server, person, deviceId } = this.#parts;
    const { userId } = person;
    return server.call(async () => {
      const held = server.keeper.open(server.nextStream(), (_, error) => this.#lost(error));
      this.#held = held;
      const own = await server.service.connect({ userId, deviceId, holder: held.holder });
      // Done after the stream broke: the device has the grace like any other.
      if (this.#closed) await server.service.drop([{ userId, deviceId }], held.holder);
      else held.hold({ userId, deviceId });
      return own;
    }, person.called());
  }

  /** An empty activity, and whether it was answered within `ms`; otherwise the client gives the stream up. */
  async stillThere(ms: number): Promise<boolean> {
    if (!this.#open) return false;
    const { server, scheduler } = this.#parts;
    const answered = await new Promise<boolean>((resolve) => {
      server
        .call(async () => {
          if (this.#held !== undefined) this.#held.heardAt = server.node.now;
          return !this.#closed;
        })
        .then(resolve, () => resolve(false));
      scheduler.after(ms, () => resolve(false));
    });
    if (!answered) this.close();
    return answered;
  }

  /** The client ends the stream; the server hears of it when it can. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unwatch();
    const { server, person } = this.#parts;
    const over = person.called();
    const drop = async () => {
      if (this.#closed) return;
      this.#closed = true;
      const devices = this.#held?.close() ?? [];
      if (this.#held !== undefined) await server.service.drop(devices, this.#held.holder);
    };
    server.call(drop, over).catch(server.failed);
  }

  #lost(error: PresenceError): void {
    const { scheduler, random } = this.#parts;
    scheduler.after(random.between(0, latencyMs), () => this.#end(error));
  }

  #end(error: unknown): void {
    if (!this.#open) return;
    this.close();
    this.#parts.onEnded(error);
  }
}
