const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `900ms`, `30s`, `5m`, `2h` or `7d`; undefined where the text is none. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * unitMs[unit as keyof typeof unitMs];
}

/** The shortest way to write a duration that `parseDuration` reads. */
export function formatDuration(ms: number): string {
  const units = ["d", "h", "m", "s", "ms"] as const;
  const unit = ms === 0 ? "s" : (units.find((candidate) => ms % unitMs[candidate] === 0) ?? "ms");
  // 120 s is how people speak of a lease, 2 m is not.
  if (unit === "m" && ms < 5 * unitMs.m) return `${ms / unitMs.s}s`;
  return `${ms / unitMs[unit]}${unit}`;
}
