import type { Server } from "@grpc/grpc-js";
import { HealthImplementation, type ServingStatus } from "grpc-health-check";

/** The server as a whole, and each service by its full name. */
const names = ["", "presence.v1.PresenceService", "presence.v1.PresenceAdminService"] as const;

/** The standard health service: SERVING only while the store answers. */
export class Health {
  readonly #health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "NOT_SERVING"])));
  #status: ServingStatus = "NOT_SERVING";
  #draining = false;

  addTo(server: Server): void {
    this.#health.addToServer(server);
  }

  /** Whether the store answered just now. */
  set(answering: boolean): void {
    this.#show(answering && !this.#draining ? "SERVING" : "NOT_SERVING");
  }

  /** From now on NOT_SERVING, whatever the store says. */
  drain(): void {
    this.#draining = true;
    this.#show("NOT_SERVING");
  }

  #show(status: ServingStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const name of names) this.#health.setStatus(name, status);
  }
}
