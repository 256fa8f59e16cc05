import type { ExamineRedisOptions, Finding } from "@presence/redis-adapter/doctor";
import { serverAddress, withClient } from "../connection.ts";
import { Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import type { Look } from "../look.ts";
import { renderFindings } from "../render/findings.ts";
import { judgeServer, type ServerAnswer, withoutRedis } from "./server-checks.ts";
import { redisSettings } from "./settings.ts";

/** What to look at. `false`: leave that part out; undefined: what the environment names. */
export interface DoctorOptions {
  readonly server: string | false | undefined;
  readonly redis: string | false | undefined;
}

/**
 * Looks at the server and at its Redis, and prints one finding a check.
 * @throws Failure where there is a problem, after all has been printed
 */
export async function doctor(io: Io, look: Look, { server, redis }: DoctorOptions): Promise<void> {
  if (server === false && redis === false) throw Failure.usage("nothing is left to look at", "leave out --no-server or --no-redis");
  // All that is wrong with the words is said before anything is looked at.
  const address = server === false ? undefined : serverAddress(server, io);
  const settings = redis === false ? undefined : await redisSettings(io, redis);
  const findings: Finding[] = [];
  const tell = async (some: readonly Finding[]) => {
    findings.push(...some);
    if (look.format !== "table") await io.out.write(await renderFindings(some, look));
  };

  const answer = address === undefined ? undefined : await askServer(io, address);
  if (answer !== undefined && address !== undefined) {
    const named = redis === false ? "left-out" : settings === undefined ? "not-named" : "named";
    await tell(judgeServer(answer, { server: address, version: io.version, redis: named }));
  }
  if (redis !== false) await tell(settings === undefined ? [withoutRedis(answer)] : await examine(settings));
  if (look.format === "table") await io.out.write(await renderFindings(findings, look));

  const problems = findings
    .filter(({ level }) => level === "problem")
    .map(({ name, node }) => (node === undefined ? name : `${name} of ${node}`));
  if (problems.length > 0)
    throw new Failure(1, `${problems.length === 1 ? "1 problem" : `${problems.length} problems`}: ${problems.join(", ")}`, undefined);
}

async function askServer(io: Io, server: string): Promise<ServerAnswer> {
  let answer: ServerAnswer | undefined;
  try {
    await withClient(io, server, async (client) => {
      answer = { stats: await client.admin.getStats() };
    });
  } catch (error) {
    // A server that does not answer is a finding; words that make no sense are not.
    if (!(error instanceof Failure) || error.exitCode === 2) throw error;
    answer = { failure: error };
  }
  return answer ?? { failure: new Failure(1, "the server did not answer", undefined) };
}

async function examine(settings: ExamineRedisOptions): Promise<readonly Finding[]> {
  // As long to load as all the rest together: other verbs do without.
  const { examineRedis } = await import("@presence/redis-adapter/doctor");
  return examineRedis(settings);
}
