const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof unitMs;

/** What to show beside a duration that could not be read. */
export const durationExamples = "write it as 90s, 15m, 2h, 1d or 1h30m";

/**
 * Milliseconds of a duration such as `900ms`, `90s`, `2h`, `1d` or `1h30m`: largest unit first, each unit once.
 * Undefined where the text is none.
 */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  for (const [, digits, unit] of parts) {
    const size = unitMs[unit as Unit];
    if (size >= previous) return undefined;
    previous = size;
    total += Number(digits) * size;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** A duration for people, rounded down: seconds below two minutes, where leases end; then minutes; two units from an hour on. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / unitMs.s));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 2) return `${seconds}s`;
  if (hours === 0) return `${minutes}m`;
  if (days === 0) return pair(`${hours}h`, minutes % 60, "m");
  return pair(`${days}d`, hours % 24, "h");
}

/** `2m ago`, `in 58s`, `now`. What is still to come is rounded up, so that an hour just granted reads `in 1h`. */
export function relativeTime(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime();
  if (ms > 0) return `in ${formatDuration(Math.ceil(ms / unitMs.s) * unitMs.s)}`;
  return ms > -unitMs.s ? "now" : `${formatDuration(-ms)} ago`;
}

/** The same for what has happened: a server whose clock is ahead of ours did not see the future. */
export function pastTime(at: Date, now: Date): string {
  return at > now ? "now" : relativeTime(at, now);
}

function pair(first: string, second: number, unit: Unit): string {
  return second === 0 ? first : `${first}${second}${unit}`;
}
