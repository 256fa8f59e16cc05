import { endOnSignal } from "@presence/redis-fixture";
import { fuzz } from "./fuzz.ts";
import { summary } from "./summary.ts";
import { startTargets } from "./targets.ts";

const usage = `Attacks real servers, one open to all and one with tokens, with random bytes and floods of frames.

  script/fuzz [DURATION]           such as 30s, 10m or 1h; 1m by default
  script/fuzz 10m --seed 7         the same attacks again, as far as timing allows

Exit codes: 0 they held, 1 one did not, 2 wrong usage.`;

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(usage);
  process.exit(0);
}
const { durationMs, seed } = read(args);
endOnSignal();
console.error(`attacking for ${durationMs / 1_000} s with seed ${seed} …`);
const startedAt = performance.now();
const targets = await startTargets();
const reports = await Promise.all(targets.map((target, index) => fuzz(target, seed + 1_000 * index, durationMs)));
console.log(summary(reports, seed, performance.now() - startedAt));
for (const [index, { problems }] of reports.entries()) if (problems.length > 0) console.error(targets[index]?.log);
process.exit(reports.every(({ problems }) => problems.length === 0) ? 0 : 1);

function read(words: readonly string[]): { readonly durationMs: number; readonly seed: number } {
  const at = words.indexOf("--seed");
  const seedText = at < 0 ? String(Date.now() % 1_000_000) : (words[at + 1] ?? "");
  const rest = at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
  const [, count, unit] = /^(\d{1,6})(s|m|h)$/.exec(rest[0] ?? "1m") ?? [];
  if (rest.length > 1 || count === undefined || !/^\d{1,9}$/.test(seedText)) {
    console.error(`script/fuzz: '${words.join(" ")}' is not understood\n\n${usage}`);
    process.exit(2);
  }
  return { durationMs: Number(count) * unitMs[unit as keyof typeof unitMs], seed: Number(seedText) };
}
