import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Made } from "./attacker.ts";
import { loops, startAttacker } from "./start-attacker.ts";
import type { Target } from "./target.ts";

const probeEveryMs = 500;
const probeMs = 10_000;
/** What attackers have left behind is let go within the grace and lease of the target. */
const settleMs = 5_000;

/** What a run saw of one server. */
export interface Report {
  readonly target: string;
  /** How often each attack was made, and how many calls or frames it sent in all. */
  readonly attacks: ReadonlyMap<string, { readonly runs: number; readonly sent: number }>;
  /** How many attackers died before their time; each was replaced. Their death is no fault of the server. */
  readonly attackersLost: number;
  /** How long well-behaved clients waited, in ms. */
  readonly slowestAnswerMs: number;
  readonly rssMb: { readonly start: number; readonly most: number; readonly end: number };
  /** What must not be; empty: it held. */
  readonly problems: readonly string[];
}

/** How a run may differ from the usual one. */
export interface FuzzOptions {
  /** By how much the memory of the target may grow; 100 by default. */
  readonly maxGrowthMb?: number;
  /** Hears of the process of every attacker. */
  readonly onAttacker?: (pid: number | undefined) => void;
}

/** Attacks `target` for `durationMs`, and watches how it bears that. It is ended. */
export async function fuzz(
  target: Target,
  seed: number,
  durationMs: number,
  { maxGrowthMb = 100, onAttacker }: FuzzOptions = {},
): Promise<Report> {
  const made = new Map<string, { runs: number; sent: number }>();
  const problems: string[] = [];
  const deadline = performance.now() + durationMs;
  const start = target.rssMb;
  let most = start;
  let slowestAnswerMs = 0;

  let attacker: ChildProcess | undefined;
  let attackersLost = 0;

  function count({ name, sent }: Made): void {
    if (sent === undefined) problems.push(`the attack '${name}' did not end`);
    const { runs, sent: before } = made.get(name) ?? { runs: 0, sent: 0 };
    made.set(name, { runs: runs + 1, sent: before + (sent ?? 0) });
  }

  async function attack(): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0 && target.runs; leftMs = deadline - performance.now()) {
      // A seed of its own: the same attacks might kill the next one too.
      attacker = startAttacker(target.address, seed + loops * attackersLost, leftMs, count);
      onAttacker?.(attacker.pid);
      // Its last messages come before "close", not before "exit".
      await once(attacker, "close");
      if (performance.now() < deadline && target.runs) attackersLost++;
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
    if (!target.runs) attacker?.kill("SIGKILL");
  }

  await Promise.all([probe(), attack()]);
  // Attackers that all die at once would let every server hold.
  if (made.size === 0) problems.push("no attack was made");
  if (target.runs) await sleep(settleMs);
  const end = target.runs ? target.rssMb : Number.NaN;
  if (target.runs) {
    if ((await target.answerMs(probeMs)) === undefined) problems.push("no answer after the attacks");
    const code = await target.stop();
    if (code !== 0) problems.push(`asked to end, it ended with ${code}`);
  } else problems.push("the process has ended");
  if (target.faults > 0) problems.push(`${target.faults} lines of errors in its log`);
  if (most - start > maxGrowthMb) problems.push(`its memory grew by ${Math.round(most - start)} MB; ${maxGrowthMb} are allowed`);
  return { target: target.name, attacks: made, attackersLost, slowestAnswerMs, rssMb: { start, most, end }, problems };
}
