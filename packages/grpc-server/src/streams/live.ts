import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { LeaseKeeper, PartyHub, type PresenceService, WatchHub } from "@presence/domain";
import type { PresenceServiceService } from "@presence/proto";
import type { Logger } from "pino";
import type { Backend } from "../backend.ts";
import { errorReport } from "../errors/error-report.ts";
import type { StreamHandlers } from "../rpc/service-types.ts";
import { attach } from "./attach-handler.ts";
import { OpenStreams } from "./open-streams.ts";
import { watchParty, watchPresence } from "./watch-handlers.ts";

const tickMs = 100;

export interface LiveOptions {
  readonly service: PresenceService;
  readonly backend: Backend;
  readonly log: Logger;
}

/** The streaming half of a server: who watches whom, which devices are attached, and the one timer that moves both on. */
export class Live {
  readonly streams = new OpenStreams();
  readonly hub: WatchHub;
  readonly handlers: StreamHandlers<typeof PresenceServiceService>;
  readonly #tick: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor({ service, backend, log }: LiveOptions) {
    const failing = (what: string) => (error: unknown) => log.debug({ error: errorReport(error) }, `${what}; tried again soon`);
    this.hub = new WatchHub({ feed: backend.feed, source: service, onReadFailed: failing("watched users could not be read") });
    const parties = new PartyHub({
      parties: backend.parties,
      hub: this.hub,
      onReadFailed: failing("members of a watched party could not be read"),
    });
    const keeper = new LeaseKeeper({ service, onRenewFailed: failing("leases of attached devices could not be renewed") });
    const serverId = randomBytes(6).toString("hex");
    this.handlers = {
      watchPresence: watchPresence(this.hub, this.streams),
      watchParty: watchParty(parties, this.streams),
      attach: attach({ service, keeper, hub: this.hub, parties, streams: this.streams, log, serverId }),
    };
    this.#tick = () => {
      const now = performance.now();
      this.hub.tick(now);
      parties.tick(now);
      keeper.tick(now);
      this.streams.tick(now);
    };
  }

  /** Begins to move time on. */
  start(): void {
    this.#timer = setInterval(this.#tick, tickMs);
  }

  /** Ends every stream with UNAVAILABLE; the devices on them keep their leases, to come back elsewhere. */
  drain(): void {
    this.streams.drain();
    clearInterval(this.#timer);
  }
}
