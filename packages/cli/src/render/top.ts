import type { Stats } from "@presence/client";
import type { Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { tabbed } from "./plain.ts";

/** One reading, one line. Plain columns: time, ONLINE, AWAY, DND, OFFLINE, devices, watchStreams, sweepLagMs, feed. */
export function renderTop(stats: Stats, at: Date, { format }: Look): string {
  const { counts, devices, watchStreams, sweepLagMs, feed } = stats;
  if (format === "json") return `${printableJson({ at, ...stats, feed: feed ?? null })}\n`;
  return tabbed(at, counts.ONLINE, counts.AWAY, counts.DND, counts.OFFLINE, devices, watchStreams, sweepLagMs, feed);
}

/** What stands below the numbers: whether they may be believed. */
export function renderTopState(failure: string | undefined, { colors }: Look): string {
  return failure === undefined ? colors.dim("live; Ctrl-C ends") : colors.yellow(`this is old: ${printable(failure)}; trying again`);
}
