import { defaultPolicy, type SessionTtlPolicy, watchGapMs } from "@presence/domain";
import { Redis } from "ioredis";
import type { RedisConnectionOptions } from "../connection.ts";
import { defaultTemplates, Keys, type KeyTemplates } from "../keys.ts";
import { connectionProblem } from "./connection-problem.ts";
import type { Expectations, Facts } from "./facts.ts";
import { type Finding, ok } from "./finding.ts";
import { gatherDue } from "./gather-due.ts";
import { gatherSample } from "./gather-sample.ts";
import { gatherClock, gatherInfo, gatherOffset, gatherScriptTimes, gatherSlowScripts } from "./gather-server.ts";
import { judge } from "./judge.ts";
import { Questions } from "./questions.ts";

/** Where to look, and the settings of the servers there. */
export interface ExamineRedisOptions extends Omit<RedisConnectionOptions, "commandTimeoutMs">, Partial<Omit<KeyTemplates, "partyKey">> {
  /** Default 120,000. */
  readonly leaseTtlMs?: number | undefined;
  /** Default `align`. */
  readonly sessionTtl?: SessionTtlPolicy | undefined;
  /** An answer that takes longer does not count as one; default 2,000 ms. */
  readonly commandTimeoutMs?: number | undefined;
  /** Of this machine, which is compared with that of Redis; default: its own. */
  readonly wallClockMs?: (() => number) | undefined;
}

const connectTimeoutMs = 2_000;
/** Refusals of a PING by a Redis that still tells what is wrong with it. */
const answersOthers = /NOPERM|MISCONF|MASTERDOWN/;

/**
 * Looks at a Redis as presence uses it, and tells what is wrong there. It writes nothing, never looks through all keys, and
 * takes a few seconds at most. It does not fail: what cannot be reached or is refused is a finding.
 * @throws PresenceError `INVALID_ARGUMENT` naming a key template that cannot be used
 */
export async function examineRedis(options: ExamineRedisOptions): Promise<readonly Finding[]> {
  const { sessionKey = defaultTemplates.sessionKey, keyPrefix = defaultTemplates.keyPrefix } = options;
  const { leaseTtlMs = defaultPolicy.leaseTtlMs, sessionTtl = "align", wallClockMs = Date.now } = options;
  const keys = new Keys({ ...defaultTemplates, sessionKey, keyPrefix });
  const expected = { leaseTtlMs, gapMs: watchGapMs({ ...defaultPolicy, leaseTtlMs }), sessionTtl, sessionKey, keyPrefix };
  const client = connectOnce(options);
  let refusal: unknown;
  client.on("error", (error: unknown) => {
    refusal ??= error;
  });
  try {
    await client.connect();
    const questions = new Questions(client);
    const greeting = await questions.ask(["PING"]);
    // A database that does not exist is refused by an event; on the one that we are left in, all would look healthy.
    if (refusal !== undefined) throw refusal;
    if ("refused" in greeting && !answersOthers.test(greeting.refused)) throw new Error(greeting.refused.replace(/^PING: /, ""));
    const facts = await gather(questions, keys, expected, wallClockMs);
    return [
      { name: "connection", ...ok(`connected to ${addressOf(client)}`) },
      ...judge(facts, expected).map((finding) => addressed(finding, client)),
    ];
  } catch (error) {
    return [{ name: "connection", ...connectionProblem(addressOf(client), refusal ?? error) }];
  } finally {
    client.disconnect();
  }
}

async function gather(questions: Questions, keys: Keys, expected: Expectations, wallClockMs: () => number): Promise<Facts> {
  const clock = await gatherClock(questions, keys);
  return {
    info: await gatherInfo(questions),
    notificationFlags: await questions.setting("notify-keyspace-events"),
    snapshots: await questions.setting("save"),
    offset: await gatherOffset(questions, wallClockMs),
    scriptTimes: await gatherScriptTimes(questions),
    slowScripts: await gatherSlowScripts(questions, expected.keyPrefix),
    clock,
    due: await gatherDue(questions, keys),
    sample: await gatherSample(questions, keys, expected, "known" in clock ? clock.known : undefined),
  };
}

// One attempt, and no question before the first of ours: a refused INFO would be a word on standard error.
function connectOnce({ url, username, password, tlsCa, commandTimeoutMs = 2_000 }: ExamineRedisOptions): Redis {
  return new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    retryStrategy: () => null,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tlsCa !== undefined && { tls: { ca: tlsCa } }),
  });
}

/** Commands to copy are for this Redis, not for the one that redis-cli takes by itself. */
function addressed(finding: Finding, { options: { host = "127.0.0.1", port = 6379, tls, username } }: Redis): Finding {
  const user = username === null || username === undefined ? "" : ` --user ${username}`;
  const command = `redis-cli -h ${host} -p ${port}${tls === undefined ? "" : " --tls"}${user} `;
  return { ...finding, advice: finding.advice?.replaceAll("redis-cli ", command) };
}

/** Never with the password. */
function addressOf({ options: { host = "127.0.0.1", port = 6379, db = 0 } }: Redis): string {
  return `${host}:${port}, database ${db}`;
}
