import "reflect-metadata";
import { PresenceService } from "@presence/domain";
import { PresenceAdminServiceService, PresenceServiceService } from "@presence/proto";
import type { Logger } from "pino";
import { type DependencyContainer, type InjectionToken, instanceCachingFactory, container as root } from "tsyringe";
import { adminHandlers } from "./admin-handlers.ts";
import { type Backend, createBackend } from "./backend.ts";
import type { Config } from "./config.ts";
import { GrpcEndpoint } from "./grpc-endpoint.ts";
import { Health } from "./health.ts";
import { presenceHandlers } from "./presence-handlers.ts";
import { PresenceServer } from "./presence-server.ts";
import { Calls } from "./rpc/calls.ts";
import { registerService } from "./rpc/register-service.ts";
import { adminRequests, presenceRequests } from "./rpc/request-types.ts";
import { ServerStats } from "./server-stats.ts";
import { SessionEndings } from "./session-endings.ts";
import { Live } from "./streams/live.ts";
import { SweepLoop } from "./sweep-loop.ts";

/** Open calls may take so long at the end; some time of the 10 s that an orchestrator grants is left for the rest. */
const defaultDrainMs = 8_000;

const tokens = {
  config: token<Config>("config"),
  log: token<Logger>("log"),
  backend: token<Backend>("backend"),
  service: token<PresenceService>("service"),
  calls: token<Calls>("calls"),
  health: token<Health>("health"),
  live: token<Live>("live"),
  sweeps: token<SweepLoop>("sweeps"),
  sessionEndings: token<SessionEndings>("session endings"),
  endpoint: token<GrpcEndpoint>("endpoint"),
  server: token<PresenceServer>("server"),
};

/** What a composition may replace, for tests. */
export interface Overrides {
  readonly backend?: Backend;
  readonly drainMs?: number;
}

/** Puts a server together; it is not started. Nobody else sees the container. */
export function composeServer(
  config: Config,
  log: Logger,
  overrides: Overrides = {},
): { readonly server: PresenceServer; readonly close: () => Promise<void> } {
  const container = root.createChildContainer();
  const once = <Part>(part: InjectionToken<Part>, make: (get: <Other>(other: InjectionToken<Other>) => Other) => Part) => {
    container.register(part, { useFactory: instanceCachingFactory((inner: DependencyContainer) => make((other) => inner.resolve(other))) });
  };
  container.register(tokens.config, { useValue: config });
  container.register(tokens.log, { useValue: log });
  // Session endings need the service, which needs the backend: the hint is looked up when it comes.
  once(
    tokens.backend,
    () => overrides.backend ?? createBackend(config, log, (userId, seen) => container.resolve(tokens.sessionEndings).add(userId, seen)),
  );
  once(tokens.service, (get) => {
    const { store, sessions, parties } = get(tokens.backend);
    return new PresenceService({ store, sessions, parties, policy: config.policy });
  });
  once(tokens.live, (get) => new Live({ service: get(tokens.service), backend: get(tokens.backend), log: get(tokens.log) }));
  once(tokens.calls, () => new Calls(log));
  once(tokens.health, () => new Health());
  once(
    tokens.sweeps,
    (get) => new SweepLoop({ service: get(tokens.service), log, onAnswer: (answered) => get(tokens.health).set(answered) }),
  );
  once(tokens.sessionEndings, (get) => new SessionEndings({ service: get(tokens.service), log }));
  once(tokens.endpoint, (get) => {
    const endpoint = new GrpcEndpoint();
    const [service, calls, sweeps, live] = [get(tokens.service), get(tokens.calls), get(tokens.sweeps), get(tokens.live)];
    const stats = new ServerStats({ service, live, storeName: get(tokens.backend).store.name, sweepLagMs: () => sweeps.lagMs });
    const presence = { requests: presenceRequests, unary: presenceHandlers(service), streams: live.handlers };
    registerService(endpoint.server, PresenceServiceService, presence, calls);
    registerService(
      endpoint.server,
      PresenceAdminServiceService,
      { requests: adminRequests, unary: adminHandlers(service, stats), streams: {} },
      calls,
    );
    get(tokens.health).addTo(endpoint.server);
    return endpoint;
  });
  once(
    tokens.server,
    (get) =>
      new PresenceServer({
        config: get(tokens.config),
        log: get(tokens.log),
        backend: get(tokens.backend),
        endpoint: get(tokens.endpoint),
        calls: get(tokens.calls),
        health: get(tokens.health),
        live: get(tokens.live),
        sweeps: get(tokens.sweeps),
        sessionEndings: get(tokens.sessionEndings),
        drainMs: overrides.drainMs ?? defaultDrainMs,
      }),
  );
  const server = container.resolve(tokens.server);
  return { server, close: () => server.close() };
}

function token<Part>(name: string): InjectionToken<Part> {
  return Symbol(name);
}
