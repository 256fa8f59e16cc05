import { readFileSync } from "node:fs";
import type { PresenceService, StoreCounts } from "@presence/domain";
import { FeedState, type GetStatsResponse } from "@presence/proto";
import { toDuration } from "./codec/duration.ts";
import { toCounts } from "./codec/presence.ts";

/** A count reads every record, so all who ask within this time share one. */
const countsMaxAgeMs = 5_000;

export interface ServerStatsOptions {
  readonly service: Pick<PresenceService, "stats">;
  readonly live: { readonly streams: { readonly size: number }; readonly hub: { readonly isLive: boolean } };
  readonly storeName: string;
  /** How late the sweeps are, in milliseconds. */
  readonly sweepLagMs: () => number;
}

/** What operators are told about this server and its store. */
export class ServerStats {
  readonly #options: ServerStatsOptions;
  readonly #startedAt = performance.now();
  readonly #version = packageVersion();
  #counts: { readonly at: number; readonly value: Promise<StoreCounts> } | undefined;

  constructor(options: ServerStatsOptions) {
    this.#options = options;
  }

  async read(): Promise<GetStatsResponse> {
    const { counts, devices } = await this.#count();
    return {
      counts: toCounts(counts),
      devices: BigInt(devices),
      watchStreams: BigInt(this.#options.live.streams.size),
      sweepLag: toDuration(Math.round(this.#options.sweepLagMs())),
      feed: this.#options.live.hub.isLive ? FeedState.LIVE : FeedState.STALE,
      uptime: toDuration(Math.round(performance.now() - this.#startedAt)),
      version: this.#version,
      store: this.#options.storeName,
    };
  }

  #count(): Promise<StoreCounts> {
    const now = performance.now();
    if (this.#counts !== undefined && now - this.#counts.at < countsMaxAgeMs) return this.#counts.value;
    const current = { at: now, value: this.#options.service.stats() };
    this.#counts = current;
    current.value.catch(() => {
      // Whoever asked is told; who asks next tries again.
      if (this.#counts === current) this.#counts = undefined;
    });
    return current.value;
  }
}

/** The version of this package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { readonly version: string };
  return version;
}
