import { parseArgs } from "node:util";
import { endOnSignal } from "@presence/redis-fixture";
import { seconds } from "../figures.ts";
import { measuredOn, writeBetween } from "../report-file.ts";
import { shortTiming } from "../timing.ts";
import { type Checkpoint, soak } from "./soak.ts";
import { markdownSummary, usageLine } from "./summary.ts";

const usage = `Random load and random faults on real servers and a real Redis, compared again and again.

  script/soak 20m               for so long: 90s, 20m, 2h
  script/soak 20m --seed 7      draws the same faults as the run that printed this seed
  script/soak 20m --write       keeps the result in docs/reliability.md

Exit codes: 0 everything held, 1 something did not, 2 wrong usage.`;

const document = new URL("../../../../docs/reliability.md", import.meta.url);
const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const faultsForMs = 30_000;

const { durationMs, seed, write } = read();
endOnSignal();
console.error(`seed ${seed}`);
const startedAt = performance.now();
let checkpoints: readonly Checkpoint[] = [];
let failure: string | undefined;
try {
  const onCheckpoint = (checkpoint: Checkpoint) => {
    checkpoints = [...checkpoints, checkpoint];
    tell(checkpoint);
  };
  await soak({ timing: shortTiming, durationMs, seed, faultsForMs, onCheckpoint });
} catch (error) {
  failure = error instanceof Error ? error.message : String(error);
}
const summary = markdownSummary({ seed, tookMs: performance.now() - startedAt, checkpoints, failure });
console.log(summary);
if (write) writeBetween(document, "soak", `Measured on ${measuredOn(new Date())}.\n\n${summary}`);
process.exit(failure === undefined && checkpoints.every(({ lies }) => lies.length === 0) ? 0 : 1);

function tell(checkpoint: Checkpoint): void {
  const { atMs, faults, lies, calls, refused, entries } = checkpoint;
  const verdict = lies.length === 0 ? "held" : `${lies.length} lies`;
  console.error(
    `${seconds(atMs).padStart(7)}  ${faults.length} faults, ${calls} calls (${refused} refused), ${entries} lines compared: ${verdict}; ${usageLine(checkpoint)}`,
  );
  for (const { promise, what } of lies.slice(0, 10)) console.error(`    ${promise}: ${what}`);
  if (lies.length > 0) console.error(`    after ${faults.join(", ")}`);
}

function read(): { readonly durationMs: number; readonly seed: number; readonly write: boolean } {
  try {
    const options = {
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const [given = "", ...more] = positionals;
    const [, amount, unit = ""] = /^(\d+)([smh])$/.exec(given) ?? [];
    if (amount === undefined || more.length > 0) return refuse(`'${positionals.join(" ")}' is no duration such as 90s, 20m or 2h`);
    if (!/^\d{1,10}$/.test(values.seed)) return refuse(`--seed is '${values.seed}', which is no number`);
    return { durationMs: Number(amount) * (unitsMs[unit] ?? 0), seed: Number(values.seed), write: values.write };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(message: string): never {
  console.error(`script/soak: ${message}\n\n${usage}`);
  process.exit(2);
}
