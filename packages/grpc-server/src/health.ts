import type { Server } from "@grpc/grpc-js";
import { HealthImplementation, type ServingStatus } from "grpc-health-check";

/** The server as a whole, and each service by its full name. */
const names = ["", "presence.v1.PresenceService", "presence.v1.PresenceAdminService"] as const;

/** One failure is a hiccup: all servers share the store, and would turn their clients away at the same instant. */
const failuresAllowed = 1;
/** Sweeps come every 250 ms, and one takes milliseconds. */
const silenceMs = 2_000;
const checkMs = 250;

/** The standard health service: SERVING only while the store answers and sweeps run. */
export class Health {
  readonly #health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "NOT_SERVING"])));
  #status: ServingStatus = "NOT_SERVING";
  #reason: string | undefined = "no sweep has succeeded yet";
  #failures = 0;
  #silentChecks = 0;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;

  addTo(server: Server): void {
    this.#health.addToServer(server);
  }

  /** Why it is NOT_SERVING, in words; undefined while it is SERVING. */
  get notServing(): string | undefined {
    return this.#reason;
  }

  /** Whether the store answered a sweep just now. */
  set(answered: boolean): void {
    if (this.#draining) return;
    // From the first sweep on they must not fall silent.
    this.#timer ??= setInterval(() => this.#check(), checkMs).unref();
    this.#silentChecks = 0;
    if (answered) {
      this.#failures = 0;
      this.#show(undefined);
    } else if (++this.#failures > failuresAllowed) this.#show("the store does not answer");
  }

  /** From now on NOT_SERVING, whatever the store says. */
  drain(): void {
    this.#draining = true;
    clearInterval(this.#timer);
    this.#show("the server is ending");
  }

  // Checks are counted rather than time: a process that was paused has not given its sweeps a chance.
  #check(): void {
    if (++this.#silentChecks > silenceMs / checkMs) this.#show("sweeps do not run");
  }

  #show(reason: string | undefined): void {
    this.#reason = reason;
    const status = reason === undefined ? "SERVING" : "NOT_SERVING";
    if (status === this.#status) return;
    this.#status = status;
    for (const name of names) this.#health.setStatus(name, status);
  }
}
