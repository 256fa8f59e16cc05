const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** A duration for people, in the largest unit that fits: `250 ms`, `1.5 s`, `3 min`. */
export function duration(ms: number): string {
  // A millisecond less than an hour is an hour.
  for (const [unit, size] of units) if (ms >= 0.99 * size) return `${round(ms / size)} ${unit}`;
  return `${round(ms)} ms`;
}

/** `1 session`, `12,000 sessions`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

/** Bytes in MB. */
export function megabytes(bytes: number): string {
  return `${round(bytes / 1_048_576)} MB`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function round(number: number): string {
  return (number < 10 ? Math.round(number * 10) / 10 : Math.round(number)).toLocaleString("en");
}
