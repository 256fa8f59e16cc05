import { Redis, type RedisOptions } from "ioredis";
import { type ConnectionSettings, hostOf, portOf } from "../connection.ts";
import { type Questions, questionsTo } from "./questions.ts";

/** One server that answers. */
export interface Reached {
  /** Where, for people; never with the password. */
  readonly address: string;
  readonly questions: Questions;
  /** What redis-cli needs to ask the same server. */
  readonly cli: string;
  close(): void;
}

/** One server that cannot be asked, and why. */
export interface Unreachable {
  readonly address: string;
  readonly unreachable: unknown;
}

/** `url` of one Redis, or `host:port` of one among many. */
export type Where = { readonly url: string } | { readonly node: string };

const connectTimeoutMs = 2_000;
/** Refusals of a PING by a Redis that still tells what is wrong with it. */
const answersOthers = /NOPERM|MISCONF|MASTERDOWN/;

/** Connects to one server, and makes sure that it answers. One attempt: what does not work is to be told. */
export async function reach(where: Where, settings: ConnectionSettings): Promise<Reached | Unreachable> {
  const client = connectOnce(where, settings);
  const address = "node" in where ? where.node : addressOf(client);
  let refusal: unknown;
  client.on("error", (error: unknown) => {
    refusal ??= error;
  });
  try {
    await client.connect();
    const questions = questionsTo(client);
    const greeting = await questions.ask(["PING"]);
    // A database that does not exist is refused by an event; on the one that we are left in, all would look healthy.
    if (refusal !== undefined) throw refusal;
    if ("refused" in greeting && !answersOthers.test(greeting.refused)) throw new Error(greeting.refused.replace(/^PING: /, ""));
    return { address, questions, cli: redisCli(client), close: () => client.disconnect() };
  } catch (error) {
    client.disconnect();
    const why = refusal ?? error;
    const overTls = client.options.tls === undefined ? "" : " (over TLS)";
    return { address, unreachable: new Error(`${why instanceof Error ? why.message : String(why)}${overTls}`, { cause: why }) };
  }
}

// No question before the first of ours: a refused INFO would be a word on standard error.
function connectOnce(where: Where, { username, password, tlsCa, commandTimeoutMs = 2_000 }: ConnectionSettings): Redis {
  const settings: RedisOptions = {
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
  };
  return "url" in where ? new Redis(where.url, settings) : new Redis({ ...settings, host: hostOf(where.node), port: portOf(where.node) });
}

/** Commands to copy are for this Redis, not for the one that redis-cli takes by itself. */
function redisCli({ options: { host = "127.0.0.1", port = 6379, tls, username } }: Redis): string {
  const user = username === null || username === undefined ? "" : ` --user ${username}`;
  return `redis-cli -h ${host} -p ${port}${tls === undefined ? "" : " --tls"}${user} `;
}

function addressOf({ options: { host = "127.0.0.1", port = 6379, db = 0 } }: Redis): string {
  return `${host}:${port}, database ${db}`;
}
