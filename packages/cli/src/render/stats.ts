import type { Stats, Status } from "@presence/client";
import { formatDuration } from "../duration.ts";
import type { Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { paintStatus } from "../status-words.ts";
import { tabbed } from "./plain.ts";

const nameWidth = 9;

/** The service at a glance. In a pipe: a name, a tab and a number a line, durations in milliseconds. */
export function renderStats(stats: Stats, look: Look): string {
  if (look.format === "json") return `${printableJson({ ...stats, feed: stats.feed ?? null })}\n`;
  const counts = Object.entries(stats.counts) as [Status, number][];
  if (look.format === "plain") {
    const { devices, watchStreams, sweepLagMs, feed, uptimeMs, version, store } = stats;
    const others = Object.entries({ devices, watchStreams, sweepLagMs, feed, uptimeMs, version, store });
    return [...counts, ...others].map(([name, value]) => tabbed(name, value)).join("");
  }
  const number = (value: number) => value.toLocaleString("en");
  const facts: readonly (readonly [name: string, fact: string])[] = [
    ...counts.map(([status, count]) => [paintStatus(status, look.colors, status.padEnd(nameWidth)), number(count)] as const),
    ["devices", number(stats.devices)],
    ["watches", number(stats.watchStreams)],
    ["feed", stats.feed === "STALE" ? look.colors.red(stats.feed) : (stats.feed ?? "-")],
    ["sweep lag", `${number(Math.round(stats.sweepLagMs))} ms`],
    ["uptime", formatDuration(stats.uptimeMs)],
    ["store", printable(stats.store)],
    ["version", printable(stats.version)],
  ];
  return facts.map(([name, fact]) => `${name.padEnd(nameWidth)}  ${fact}\n`).join("");
}
