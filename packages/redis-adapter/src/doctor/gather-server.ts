import { type Millis, millis } from "@presence/domain";
import { scriptsBySha } from "../scripts.ts";
import type { Answer, ClockOffset, SlowScript } from "./facts.ts";
import { mapped, type Questions } from "./questions.ts";

const offsetSamples = 5;
const scriptRuns = 50;
const slowLogEntries = 128;

/** The time of Redis. */
export async function redisTime(questions: Questions): Promise<Answer<Millis>> {
  return mapped(await questions.ask(["TIME"]), (time) => {
    const [seconds = "0", micros = "0"] = time as string[];
    return millis(Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000));
  });
}

export async function gatherInfo(questions: Questions): Promise<Answer<ReadonlyMap<string, string>>> {
  return mapped(await questions.ask(["INFO"]), (text) => {
    const lines = String(text).split(/\r?\n/);
    return new Map(
      lines.flatMap((line) => (/^[^#:]+:/.test(line) ? [[line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]] : [])),
    );
  });
}

/** @param wallClockMs of this machine, by its own clock */
export async function gatherOffset(questions: Questions, wallClockMs: () => number): Promise<Answer<ClockOffset>> {
  let best: ClockOffset | undefined;
  for (let sample = 0; sample < offsetSamples; sample++) {
    const sentAt = wallClockMs();
    const startedAt = performance.now();
    const time = await redisTime(questions);
    const roundTripMs = performance.now() - startedAt;
    if ("refused" in time) return time;
    // The quickest answer tells best.
    if (best === undefined || roundTripMs < best.roundTripMs) best = { offsetMs: time.known - (sentAt + roundTripMs / 2), roundTripMs };
  }
  return { known: best ?? { offsetMs: 0, roundTripMs: 0 } };
}

/** What every sweep and every heartbeat has to wait for: a script's way there and back. */
export async function gatherScriptTimes(questions: Questions): Promise<Answer<readonly number[]>> {
  const times: number[] = [];
  for (let run = 0; run < scriptRuns; run++) {
    const startedAt = performance.now();
    const answer = await questions.ask(["EVAL", "return redis.call('TIME')", 0]);
    if ("refused" in answer) return answer;
    times.push(performance.now() - startedAt);
  }
  return { known: times };
}

export async function gatherSlowScripts(questions: Questions, keyPrefix: string): Promise<Answer<readonly SlowScript[]>> {
  const time = await redisTime(questions);
  if ("refused" in time) return time;
  return mapped(await questions.ask(["SLOWLOG", "GET", slowLogEntries]), (entries) =>
    (entries as [id: number, seconds: number, micros: number, command: string[]][])
      .filter(([, , , command]) => isOurs(command, keyPrefix))
      .map(([, seconds, micros]) => ({ tookMs: micros / 1_000, agoMs: Math.max(0, time.known - seconds * 1_000) })),
  );
}

// By their names, or by the key they begin with: scripts of other versions have other names.
function isOurs([name = "", script, , key = ""]: readonly string[], keyPrefix: string): boolean {
  return /^eval/i.test(name) && (scriptsBySha.has(script) || key.startsWith(keyPrefix));
}
