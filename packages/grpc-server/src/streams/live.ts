import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { LeaseKeeper, PartyHub, type PresenceService, WatchHub } from "@presence/domain";
import type { PresenceServiceService } from "@presence/proto";
import type { Logger } from "pino";
import type { Entrance } from "../auth/entrance.ts";
import { OpenIdentities } from "../auth/open-identities.ts";
import type { Backend } from "../backend.ts";
import { errorReport } from "../errors/error-report.ts";
import type { StreamHandlers } from "../rpc/service-types.ts";
import { attach } from "./attach-handler.ts";
import type { AroundRequest } from "./attach-session.ts";
import { OpenStreams } from "./open-streams.ts";
import { watchParty, watchPresence } from "./watch-handlers.ts";

const tickMs = 100;

export interface LiveOptions {
  readonly service: PresenceService;
  readonly backend: Backend;
  readonly entrance: Entrance;
  readonly log: Logger;
  /** Looks on while requests of attached apps are carried out. */
  readonly around?: AroundRequest | undefined;
}

/** The streaming half of a server: who watches whom, which devices are attached, and the one timer that moves both on. */
export class Live {
  readonly streams = new OpenStreams();
  readonly identities: OpenIdentities;
  readonly hub: WatchHub;
  readonly handlers: StreamHandlers<typeof PresenceServiceService>;
  readonly #tick: () => void;
  /** When the store answered last. */
  #answeredAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor({ service, backend, entrance, log, around = (_, run) => run() }: LiveOptions) {
    const failing = (what: string) => (error: unknown) => log.debug({ error: errorReport(error) }, `${what}; tried again soon`);
    this.hub = new WatchHub({ feed: backend.feed, source: service, onReadFailed: failing("watched users could not be read") });
    const parties = new PartyHub({
      parties: backend.parties,
      hub: this.hub,
      onReadFailed: failing("members of a watched party could not be read"),
    });
    const keeper = new LeaseKeeper({ service, onRenewFailed: failing("leases of attached devices could not be renewed") });
    this.identities = new OpenIdentities({
      sessions: backend.sessions,
      moment: async () => (await backend.store.load([])).moment,
      onCheckFailed: failing("sessions of open streams could not be looked at"),
    });
    const { streams, identities } = this;
    const serverId = randomBytes(6).toString("hex");
    this.handlers = {
      watchPresence: watchPresence(this.hub, { streams, identities }),
      watchParty: watchParty(parties, { streams, identities }),
      attach: attach({ service, keeper, hub: this.hub, parties, streams, identities, entrance, log, around, serverId }),
    };
    this.#tick = () => {
      const now = performance.now();
      this.hub.tick(now);
      parties.tick(now);
      keeper.tick(now);
      this.streams.tick(now);
      this.identities.tick(now);
      // Early enough for their clients to come back elsewhere within their leases.
      if (now - this.#answeredAt > service.policy.leaseTtlMs / 4) streams.handOver();
    };
  }

  /** Begins to move time on. */
  start(): void {
    this.#timer = setInterval(this.#tick, tickMs);
  }

  /** A sweep has reached the store. */
  storeAnswered(): void {
    this.#answeredAt = performance.now();
  }

  /** Ends every stream with UNAVAILABLE; the devices on them keep their leases, to come back elsewhere. */
  drain(): void {
    this.streams.drain();
    clearInterval(this.#timer);
  }
}
