import type { Server } from "@grpc/grpc-js";
import type { PresenceService } from "@presence/domain";
import type { Backend } from "../backend.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { measuredRpcs } from "./measured-rpcs.ts";
import { measuredStore } from "./measured-store.ts";
import { measuredSweeps } from "./measured-sweeps.ts";
import type { Metrics } from "./metrics.ts";
import { observedRpcs } from "./observed-rpcs.ts";
import { observedParties, observedSessions, observedStore, type StoreObserver } from "./observed-store.ts";

/** Who looks on while a server works. With neither, everything stays as it is. */
export interface Observers {
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
}

/** The same backend, observed. */
export function observedBackend(backend: Backend, { metrics, tracing }: Observers): Backend {
  const measured = metrics === undefined ? backend : observed(backend, measuredStore(metrics));
  return tracing === undefined ? measured : observed(measured, tracing.store(backend.store.name));
}

function observed(backend: Backend, observer: StoreObserver): Backend {
  return {
    ...backend,
    store: observedStore(backend.store, observer),
    sessions: observedSessions(backend.sessions, observer.around),
    parties: observedParties(backend.parties, observer.around),
  };
}

/** The same sweeps, observed. */
export function observedSweeps(service: PresenceService, { metrics }: Observers): Pick<PresenceService, "sweep" | "repair" | "policy"> {
  return metrics === undefined ? service : measuredSweeps(service, metrics);
}

/** The server to add services to, so that their rpcs are observed. */
export function observedServer(server: Server, { metrics, tracing }: Observers): Pick<Server, "addService"> {
  const wraps = [...(metrics === undefined ? [] : [measuredRpcs(metrics)]), ...(tracing === undefined ? [] : [tracing.rpcs])];
  return wraps.length === 0 ? server : observedRpcs(server, wraps);
}
