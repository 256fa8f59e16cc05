import "reflect-metadata";
import { PresenceService } from "@presence/domain";
import { PresenceAdminServiceService, PresenceServiceService } from "@presence/proto";
import type { Logger } from "pino";
import { type DependencyContainer, type InjectionToken, instanceCachingFactory, container as root } from "tsyringe";
import { adminHandlers } from "./admin-handlers.ts";
import { createEntrance } from "./auth/create-entrance.ts";
import type { Entrance } from "./auth/entrance.ts";
import { type Backend, createBackend } from "./backend.ts";
import type { Config } from "./config.ts";
import { GrpcEndpoint } from "./grpc-endpoint.ts";
import { Health } from "./health.ts";
import { measuredAttach } from "./metrics/measured-attach.ts";
import { Metrics } from "./metrics/metrics.ts";
import { MetricsEndpoint } from "./metrics/metrics-endpoint.ts";
import { observedBackend, observedServer, observedSweeps } from "./metrics/observation.ts";
import { presenceHandlers } from "./presence-handlers.ts";
import { PresenceServer } from "./presence-server.ts";
import { addReflection } from "./reflection.ts";
import { adminActs, presenceActs } from "./rpc/acts.ts";
import { Calls } from "./rpc/calls.ts";
import { registerService } from "./rpc/register-service.ts";
import { adminRequests, presenceRequests } from "./rpc/request-types.ts";
import { packageVersion, ServerStats } from "./server-stats.ts";
import { SessionEndings } from "./session-endings.ts";
import { Live } from "./streams/live.ts";
import { SweepLoop } from "./sweep-loop.ts";
import type { Tracing } from "./telemetry/tracing.ts";
import { TlsCredentials } from "./tls-credentials.ts";
import { startTrace } from "./trace/trace.ts";

/** Open calls may take so long at the end; some time of the 10 s that an orchestrator grants is left for the rest. */
const defaultDrainMs = 8_000;

const tokens = {
  config: token<Config>("config"),
  log: token<Logger>("log"),
  backend: token<Backend>("backend"),
  service: token<PresenceService>("service"),
  entrance: token<Entrance>("entrance"),
  calls: token<Calls>("calls"),
  health: token<Health>("health"),
  live: token<Live>("live"),
  sweeps: token<SweepLoop>("sweeps"),
  sessionEndings: token<SessionEndings>("session endings"),
  endpoint: token<GrpcEndpoint>("endpoint"),
  metricsEndpoint: token<MetricsEndpoint | undefined>("metrics endpoint"),
  server: token<PresenceServer>("server"),
};

/** What a composition may be given: spans, and what tests replace. */
export interface Overrides {
  readonly tracing?: Tracing | undefined;
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
  const backend =
    overrides.backend ??
    createBackend(config, log, (userId, seen) => {
      container.resolve(tokens.sessionEndings).add(userId, seen);
      container.resolve(tokens.live).identities.hint(userId, seen);
    });
  const metrics = config.metrics === undefined ? undefined : new Metrics({ version: packageVersion(), store: backend.store.name });
  const observers = { metrics, tracing: overrides.tracing };
  const trace = config.trace && startTrace(config.trace, backend.store, config.policy, log);
  once(tokens.backend, () => observedBackend(trace === undefined ? backend : { ...backend, store: trace.store }, observers));
  once(tokens.service, (get) => {
    const { store, sessions, parties } = get(tokens.backend);
    return new PresenceService({ store, sessions, parties, policy: config.policy });
  });
  once(tokens.live, (get) => {
    const [service, backend, entrance] = [get(tokens.service), get(tokens.backend), get(tokens.entrance)];
    return new Live({ service, backend, entrance, log, around: metrics && measuredAttach(metrics) });
  });
  once(tokens.entrance, (get) => createEntrance(config, get(tokens.backend)));
  once(tokens.calls, (get) => new Calls(log, get(tokens.entrance)));
  once(tokens.health, () => new Health());
  once(
    tokens.sweeps,
    (get) =>
      new SweepLoop({
        service: observedSweeps(get(tokens.service), observers),
        log,
        onAnswer: (answered) => {
          get(tokens.health).set(answered);
          if (answered) get(tokens.live).storeAnswered();
        },
      }),
  );
  once(tokens.sessionEndings, (get) => new SessionEndings({ service: get(tokens.service), log }));
  once(tokens.endpoint, (get) => {
    const { tls, limits, auth, reflection } = config;
    const credentials = tls && new TlsCredentials(tls, auth.kind === "none");
    const endpoint = new GrpcEndpoint({ limits, credentials, log });
    const [service, calls, sweeps, live] = [get(tokens.service), get(tokens.calls), get(tokens.sweeps), get(tokens.live)];
    const stats = new ServerStats({ service, live, storeName: get(tokens.backend).store.name, sweepLagMs: () => sweeps.lagMs });
    const presence = { requests: presenceRequests, acts: presenceActs, unary: presenceHandlers(service), streams: live.handlers };
    const server = observedServer(endpoint.server, observers);
    registerService(server, PresenceServiceService, presence, calls);
    registerService(
      server,
      PresenceAdminServiceService,
      { requests: adminRequests, acts: adminActs, unary: adminHandlers(service, stats), streams: {} },
      calls,
    );
    get(tokens.health).addTo(endpoint.server);
    if (reflection) addReflection(endpoint.server);
    return endpoint;
  });
  once(tokens.metricsEndpoint, (get) => {
    if (metrics === undefined || config.metrics === undefined) return undefined;
    const [health, { hub, streams }, sweeps] = [get(tokens.health), get(tokens.live), get(tokens.sweeps)];
    metrics.read({
      attachedDevices: () => streams.devices,
      watchedUsers: () => hub.size,
      feedLive: () => hub.isLive,
      feed: () => hub.counters,
      sweepLagMs: () => sweeps.lagMs,
      massExpiries: () => sweeps.massExpiries,
      ready: () => health.notServing === undefined,
    });
    const { registry } = metrics;
    return new MetricsEndpoint({ ...config.metrics, host: config.host, log, registry, notReady: () => health.notServing });
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
        metrics: get(tokens.metricsEndpoint),
        drainMs: overrides.drainMs ?? defaultDrainMs,
      }),
  );
  const server = container.resolve(tokens.server);
  // The trace ends after everything that it records.
  return { server, close: () => server.close().then(() => trace?.close()) };
}

function token<Part>(name: string): InjectionToken<Part> {
  return Symbol(name);
}
