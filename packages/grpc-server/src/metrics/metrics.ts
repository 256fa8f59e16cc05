import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** From a store in this process to a Redis that is given up after half a second. */
const callBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** The targets are 0.5 s for the median and 1.5 s for p99; a minute and more after an outage. */
const delayBuckets = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30, 60, 300];

/** What is read at each scrape rather than counted as it happens. */
export interface Readings {
  readonly attachedDevices: () => number;
  readonly watchedUsers: () => number;
  readonly feedLive: () => boolean;
  readonly feed: () => { readonly breaks: number; readonly missedByFeed: number; readonly outrun: number };
  readonly sweepLagMs: () => number;
  readonly massExpiries: () => number;
  readonly ready: () => boolean;
}

/**
 * All that this server counts, in one registry of its own. Labels are names of rpcs, statuses, causes and codes: never users,
 * devices, parties or addresses.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #on = { registers: [this.registry] };

  readonly rpcDuration = new Histogram({
    ...this.#on,
    name: "presence_rpc_duration_seconds",
    help: "How long unary calls took, by method and gRPC status code.",
    labelNames: ["method", "code"],
    buckets: callBuckets,
  });
  readonly openStreams = new Gauge({
    ...this.#on,
    name: "presence_open_streams",
    help: "Streams that are open on this server, by method.",
    labelNames: ["method"],
  });
  readonly streamsEnded = new Counter({
    ...this.#on,
    name: "presence_streams_ended_total",
    help: "Streams that have ended, by method and gRPC status code.",
    labelNames: ["method", "code"],
  });
  readonly attachDuration = new Histogram({
    ...this.#on,
    name: "presence_attach_request_duration_seconds",
    help: "How long requests on Attach streams took, by the request's name and gRPC status code.",
    labelNames: ["request", "code"],
    buckets: callBuckets,
  });
  readonly transitions = new Counter({
    ...this.#on,
    name: "presence_transitions_total",
    help: "Visible moves of a status that this server has written, by where from, where to, and why.",
    labelNames: ["from", "to", "cause"],
  });
  readonly offlineDelay = new Histogram({
    ...this.#on,
    name: "presence_offline_delay_seconds",
    help: "From the end of the last lease of a user to the write that made him OFFLINE for watchers.",
    buckets: delayBuckets,
  });
  readonly sweeps = new Counter({
    ...this.#on,
    name: "presence_sweeps_total",
    help: "Sweeps of this server, by outcome: ok, or failed where the store did not answer.",
    labelNames: ["outcome"],
  });
  readonly sweepDuration = new Histogram({
    ...this.#on,
    name: "presence_sweep_duration_seconds",
    help: "How long sweeps took that did not fail.",
    buckets: callBuckets,
  });
  readonly sweptUsers = new Counter({ ...this.#on, name: "presence_swept_users_total", help: "Users whom a sweep looked at." });
  readonly unsweptUsers = new Counter({
    ...this.#on,
    name: "presence_sweep_failures_total",
    help: "Users whom a sweep could not settle, because their data cannot be read or written.",
  });
  readonly guards = new Counter({
    ...this.#on,
    name: "presence_false_expiry_guards_total",
    help: "Guards against false OFFLINE that this server has seen raised: window where nobody watched for a while, blind where the store lost writes.",
    labelNames: ["guard"],
  });
  readonly guardActive = new Gauge({
    ...this.#on,
    name: "presence_false_expiry_guard_active",
    help: "1 while the last sweep found the guard raised.",
    labelNames: ["guard"],
  });
  readonly storeDuration = new Histogram({
    ...this.#on,
    name: "presence_store_request_duration_seconds",
    help: "How long the store took to answer, by operation and outcome.",
    labelNames: ["operation", "outcome"],
    buckets: callBuckets,
  });
  readonly storeInFlight = new Gauge({
    ...this.#on,
    name: "presence_store_requests_in_flight",
    help: "Requests that the store has not answered yet.",
  });
  readonly storeOutages = new Counter({
    ...this.#on,
    name: "presence_store_outages_total",
    help: "Times the store stopped answering sweeps, or did not answer the first one.",
  });
  readonly storeRecoveries = new Counter({
    ...this.#on,
    name: "presence_store_recoveries_total",
    help: "Times the store answered a sweep again, after a new connection or by itself.",
  });

  constructor(about: { readonly version: string; readonly store: string }) {
    collectDefaultMetrics({ register: this.registry });
    const info = new Gauge({
      ...this.#on,
      name: "presence_build_info",
      help: "Always 1; its labels say which version this is, and what it keeps presence in.",
      labelNames: ["version", "store"],
    });
    info.set({ ...about }, 1);
    // Series that alerts look at are there from the start, or the first event would be no increase.
    for (const outcome of ["ok", "failed"]) this.sweeps.inc({ outcome }, 0);
    for (const guard of ["window", "blind"]) {
      this.guards.inc({ guard }, 0);
      this.guardActive.set({ guard }, 0);
    }
  }

  /** Adds what is read at each scrape. To be called once, when all of it is there. */
  read(from: Readings): void {
    const { registry } = this;
    gauge(registry, "presence_attached_devices", "Devices whose leases the streams of this server keep alive.", from.attachedDevices);
    gauge(registry, "presence_watched_users", "Users whom streams of this server follow, or did some seconds ago.", from.watchedUsers);
    gauge(registry, "presence_feed_live", "1 while every view that watchers have may be trusted, 0 while one is stale.", () =>
      Number(from.feedLive()),
    );
    gauge(
      registry,
      "presence_sweep_lag_seconds",
      "How late the last sweep was for the oldest user that was due.",
      () => from.sweepLagMs() / 1_000,
    );
    gauge(registry, "presence_ready", "1 while the health service says SERVING.", () => Number(from.ready()));
    counter(
      registry,
      "presence_feed_breaks_total",
      "Times a subscription to changes broke; views are read afresh after each.",
      () => from.feed().breaks,
    );
    counter(
      registry,
      "presence_feed_missed_changes_total",
      "Changes that an audit found and the feed had not announced.",
      () => from.feed().missedByFeed,
    );
    counter(
      registry,
      "presence_version_regressions_total",
      "Users whose version had gone back in the store, and were written again with a higher one.",
      () => from.feed().outrun,
    );
    counter(registry, "presence_mass_expiries_total", "Times a great many users fell silent at once and went OFFLINE.", from.massExpiries);
  }
}

function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    registers: [registry],
    name,
    help,
    collect() {
      this.set(value());
    },
  });
}

function counter(registry: Registry, name: string, help: string, value: () => number): void {
  new Counter({
    registers: [registry],
    name,
    help,
    collect() {
      // A counter can only be added to; what is counted elsewhere is taken over as a whole.
      this.reset();
      this.inc(value());
    },
  });
}
