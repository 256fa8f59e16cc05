import { setTimeout as sleep } from "node:timers/promises";
import { duePartitions } from "../keys.ts";
import { withNeededFlags } from "../notification-flags.ts";
import type { Answer, Basics, Contents, Facts } from "./facts.ts";
import { gatherDue } from "./gather-due.ts";
import { gatherSample } from "./gather-sample.ts";
import { gatherInfo, gatherOffset, gatherScriptTimes, gatherSlowScripts } from "./gather-server.ts";
import type { Look } from "./options.ts";
import { type Questions, setting } from "./questions.ts";

/** How long a server may take to find a new master, and how often we look whether it has. */
const findsMasterMs = 4_000;
const lookAgainMs = 500;

/** What one server is like, whatever it holds. */
export async function gatherBasics(questions: Questions, { expected, wallClockMs }: Look): Promise<Basics> {
  return {
    info: await gatherInfo(questions),
    notificationFlags: await flagsOf(questions, expected),
    snapshots: await setting(questions, "save"),
    offset: await gatherOffset(questions, wallClockMs),
    scriptTimes: await gatherScriptTimes(questions),
    slowScripts: await gatherSlowScripts(questions, expected.keyPrefix),
  };
}

/** After a failover a new master has them when a server has connected. */
async function flagsOf(questions: Questions, { topology }: Look["expected"]): Promise<Answer<string>> {
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const flags = await setting(questions, "notify-keyspace-events");
    if (topology === "one" || waitedMs >= findsMasterMs || "refused" in flags || withNeededFlags(flags.known) === undefined) return flags;
    await sleep(lookAgainMs);
  }
}

/** Whom to ask: `own` for the keys of one server, `all` for what belongs to the same users and may lie on another. */
export interface Asked {
  readonly own: Questions;
  readonly all: Questions;
}

export interface Share {
  readonly clock: Facts["clock"];
  /** The due partitions that lie there; default: all. */
  readonly partitions?: readonly number[];
  /** How many servers share the users; default 1. */
  readonly of?: number;
}

const allPartitions = Array.from({ length: duePartitions }, (_, partition) => partition);

/** What presence keeps on one server. */
export async function gatherContents(
  { own, all }: Asked,
  { keys, expected }: Look,
  { clock, partitions = allPartitions, of = 1 }: Share,
): Promise<Contents> {
  return {
    due: await gatherDue(all, keys, partitions),
    sample: await gatherSample({ own, all }, keys, expected, { clock: "known" in clock ? clock.known : undefined, of }),
  };
}
