import { setTimeout as sleep } from "node:timers/promises";
import { attacks } from "./attacks/index.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";

/** Attacks on one server at once. */
const attackers = 3;
/** One that takes longer hangs itself, whatever the server does. */
const attackMs = 15_000;
const probeEveryMs = 500;
const probeMs = 10_000;
/** What attackers have left behind is let go within the grace and lease of the target. */
const settleMs = 5_000;

/** What a run saw of one server. */
export interface Report {
  readonly target: string;
  /** How often each attack was made, and how many calls or frames it sent in all. */
  readonly attacks: ReadonlyMap<string, { readonly runs: number; readonly sent: number }>;
  /** How long well-behaved clients waited, in ms. */
  readonly slowestAnswerMs: number;
  readonly rssMb: { readonly start: number; readonly most: number; readonly end: number };
  /** What must not be; empty: it held. */
  readonly problems: readonly string[];
}

/** Attacks `target` for `durationMs`, and watches how it bears that. It is ended. */
export async function fuzz(target: Target, seed: number, durationMs: number, maxGrowthMb = 100): Promise<Report> {
  const made = new Map<string, { runs: number; sent: number }>();
  const problems: string[] = [];
  const deadline = performance.now() + durationMs;
  const start = target.rssMb;
  let most = start;
  let slowestAnswerMs = 0;

  async function attack(random: Random): Promise<void> {
    while (performance.now() < deadline && target.runs) {
      const one = random.pick(attacks);
      const sent = await Promise.race([one.run({ address: target.address, random }), sleep(attackMs, undefined, { ref: false })]);
      if (sent === undefined) problems.push(`the attack '${one.name}' did not end`);
      const { runs, sent: before } = made.get(one.name) ?? { runs: 0, sent: 0 };
      made.set(one.name, { runs: runs + 1, sent: before + (sent ?? 0) });
    }
  }

  async function probe(): Promise<void> {
    for (; performance.now() < deadline && target.runs; await sleep(probeEveryMs)) {
      // On a busy machine one answer may be late; a server that hangs gives no second one either.
      const answerMs = (await target.answerMs(probeMs)) ?? (await target.answerMs(probeMs));
      if (answerMs !== undefined) slowestAnswerMs = Math.max(slowestAnswerMs, answerMs);
      else if (target.runs) problems.push(`no answer within ${2 * probeMs} ms`);
      if (target.runs) most = Math.max(most, target.rssMb);
    }
  }

  await Promise.all([probe(), ...Array.from({ length: attackers }, (_, index) => attack(new Random(seed + index)))]);
  if (target.runs) await sleep(settleMs);
  const end = target.runs ? target.rssMb : Number.NaN;
  if (target.runs) {
    if ((await target.answerMs(probeMs)) === undefined) problems.push("no answer after the attacks");
    const code = await target.stop();
    if (code !== 0) problems.push(`asked to end, it ended with ${code}`);
  } else problems.push("the process has ended");
  if (target.faults > 0) problems.push(`${target.faults} lines of errors in its log`);
  if (most - start > maxGrowthMb) problems.push(`its memory grew by ${Math.round(most - start)} MB; ${maxGrowthMb} are allowed`);
  return { target: target.name, attacks: made, slowestAnswerMs, rssMb: { start, most, end }, problems };
}
