import { type Millis, millis } from "@presence/domain";
import type { Keys } from "../keys.ts";
import { windowOf } from "../script-calls.ts";
import type { Answer, ClockFacts } from "./facts.ts";
import { redisTime } from "./gather-server.ts";
import { mapped, type Questions } from "./questions.ts";

/** What the servers keep of the time, beside the time of the Redis that has it. */
export async function gatherClock(questions: Questions, keys: Keys): Promise<Answer<ClockFacts | undefined>> {
  // The fields first: a tick in between must not look as if it came from the future.
  const fields = await questions.ask(["HGETALL", keys.clock]);
  const time = await redisTime(questions);
  if ("refused" in fields) return fields;
  return mapped(time, (now) => {
    const flat = fields.known as readonly string[];
    const texts = new Map<string, string>();
    for (let index = 0; index < flat.length; index += 2) texts.set(flat[index] ?? "", flat[index + 1] ?? "");
    if (!texts.has("tick")) return undefined;
    const at = (name: string): Millis => millis(Number(texts.get(name) ?? 0));
    return {
      now,
      tick: at("tick"),
      window: windowOf(`${texts.get("from") ?? 0}-${texts.get("until") ?? 0} ${texts.get("before") ?? ""}`),
      blindUntil: at("blind"),
      lostAt: at("lost"),
      serverTicks: [...texts.keys()].filter((name) => name.startsWith("server:")).map(at),
    };
  });
}
