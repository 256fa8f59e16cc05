import { Command, type CommanderError, Option } from "commander";
import { defaultServer } from "./connection.ts";
import type { DoctorOptions } from "./doctor/doctor.ts";
import { durationExamples, parseDuration } from "./duration.ts";
import { type AskedInstant, type HistoryQuestion, parseInstant } from "./explain-at.ts";
import { Failure } from "./failure.ts";
import { parseStatus, parseStatuses } from "./status-words.ts";
import { top } from "./top.ts";
import * as verbs from "./verbs.ts";
import { type Watched, watch } from "./watch.ts";

/** Options that every verb knows, before or after it. */
export interface GlobalOptions {
  readonly server?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

interface SetOptions {
  readonly for?: number;
  readonly message?: string;
  readonly claimOnly?: boolean;
}

interface ListOptions {
  readonly status?: ReturnType<typeof parseStatuses>;
  readonly limit: number;
  readonly all?: boolean;
}

interface ExplainOptions {
  readonly at?: AskedInstant;
  readonly trace?: readonly string[];
}

export interface ProgramOptions {
  readonly version: string;
  /** Help and version go there. */
  readonly writeOut: (text: string) => void;
  /** Sets up what a verb needs, and runs it. */
  readonly perform: (options: GlobalOptions, verb: (bench: verbs.Bench) => Promise<void>) => Promise<void>;
  /** Looks for what is wrong, also where there is no server. */
  readonly diagnose: (options: GlobalOptions, parts: DoctorOptions) => Promise<void>;
  /** Answers from what servers recorded. */
  readonly replay: (options: GlobalOptions, question: HistoryQuestion) => Promise<void>;
}

const defaultLimit = 100;

/** The command line: words and options. What is wrong with them is thrown as a `Failure`. */
export function createProgram({ version, writeOut, perform, diagnose, replay }: ProgramOptions): Command {
  const program = new Command("presence");
  program
    .description("Who is ONLINE, AWAY, DND or OFFLINE, right now.")
    .usage("<verb> [options]")
    .version(version, "--version", "print the version")
    .option("--server <host:port>", `the presence server (PRESENCE_SERVER; default ${defaultServer})`)
    .option("--json", "print one JSON object a line")
    .option("--no-color", "print without colours (NO_COLOR)")
    .helpOption("-h, --help", "print help")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut, outputError: () => undefined })
    .exitOverride((error) => reject(error, program))
    .addHelpText("after", examples);

  const verb = (name: string, description: string): Command => {
    const command = program.command(name).description(description);
    return command.exitOverride((error) => reject(error, command));
  };
  const run = (action: (bench: verbs.Bench) => Promise<void>) => perform(program.opts<GlobalOptions>(), action);

  verb("get", "print the presence of users")
    .argument("<users...>")
    .addHelpText("after", fieldsOfALine)
    .action((users: string[]) => run((bench) => verbs.get(bench, users)));

  verb("set", "set the status of a user, and have him online")
    .argument("<user>")
    .argument("<status>", "online, away, dnd or offline", parseStatus)
    .option("--for <duration>", "how long, such as 90s, 2h or 1h30m; without it there is no end", parsePeriod)
    .option("--message <text>", "say something with it; replaces the last message, also by none")
    .option("--claim-only", "store the choice, and leave it to a device to come online")
    .action((userId: string, status: ReturnType<typeof parseStatus>, { for: expiresInMs, message, claimOnly = false }: SetOptions) =>
      run((bench) => verbs.set(bench, { userId, status, expiresInMs, message, ensureOnline: !claimOnly })),
    );

  verb("party", "print the presence of the members of a party")
    .argument("<party>")
    .action((party: string) => run((bench) => verbs.party(bench, party)));

  verb("watch", "follow users, or the members of a party, until Ctrl-C")
    .argument("[users...]")
    .option("--party <party>", "follow whoever is in this party")
    .addHelpText("after", eventsOfAWatch)
    .action((users: string[], { party }: { readonly party?: string }) => run((bench) => watch(bench, watchedFrom(users, party))));

  verb("explain", "print why a user shows as he does, and what changes next")
    .argument("<user>")
    .option(
      "--at <instant>",
      "at an instant of a trace, such as 2026-11-24T12:00:00Z, or -30s before its end; no server is asked",
      parseInstant,
    )
    .option("--trace <files...>", "the files that the servers recorded (PRESENCE_TRACE_FILE), of all of them")
    .addHelpText("after", whatATraceTells)
    .action((user: string, { at, trace }: ExplainOptions) => {
      if (at === undefined && trace === undefined) return run((bench) => verbs.explain(bench, user));
      return replay(program.opts<GlobalOptions>(), questionOf(user, at, trace));
    });

  verb("kick", "end all devices of a user")
    .argument("<user>")
    .action((user: string) => run((bench) => verbs.kick(bench, user)));

  verb("list", "print the users that the service knows, in no particular order")
    .option("--status <statuses>", "only these, separated by commas", parseStatuses)
    .addOption(new Option("--limit <number>", "at most so many").argParser(parseLimit).default(defaultLimit))
    .addOption(new Option("--all", "without a limit").conflicts("limit"))
    .action(({ status = [], limit, all = false }: ListOptions) =>
      run((bench) => verbs.list(bench, status, all ? Number.POSITIVE_INFINITY : limit)),
    );

  verb("stats", "print numbers of the whole service").action(() => run((bench) => verbs.stats(bench)));

  verb("top", "follow the numbers of the whole service until Ctrl-C")
    .addHelpText("after", columnsOfTop)
    .action(() => run((bench) => top(bench)));

  verb("doctor", "look for what is wrong with the server and its Redis, and print what to do")
    .option("--redis <url>", "the Redis of the servers (REDIS_URL)")
    .option("--no-redis", "leave Redis out")
    .option("--no-server", "leave the server out")
    .addHelpText("after", whatDoctorReads)
    .action(({ redis, server }: { readonly redis?: string | false; readonly server: boolean }) => {
      const options = program.opts<GlobalOptions>();
      return diagnose(options, { redis, server: server && options.server });
    });

  return program;
}

function watchedFrom(users: readonly string[], party: string | undefined): Watched {
  if (party !== undefined && users.length > 0) throw Failure.usage("users and --party are both given", "name users, or a party");
  if (party !== undefined) return { party };
  if (users.length === 0) throw Failure.usage("nobody is named", "presence watch alice bob, or presence watch --party lobby");
  return { users };
}

function questionOf(user: string, at: AskedInstant | undefined, files: readonly string[] | undefined): HistoryQuestion {
  if (at === undefined)
    throw Failure.usage("--trace is given without --at", `presence explain ${user} --at -0s --trace <files> asks for its end`);
  if (files === undefined) throw Failure.usage("--at is given without --trace", "--trace names the files that the servers recorded");
  return { user, at, files };
}

function parsePeriod(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw Failure.usage(`--for is '${text}', which is no duration`, durationExamples);
  if (ms === 0) throw Failure.usage(`--for is '${text}', which is over at once`, durationExamples);
  return ms;
}

function parseLimit(text: string): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit === 0) throw Failure.usage(`--limit is '${text}', which is no number of users`, "write it as 100, or use --all");
  return limit;
}

// commander says what is wrong in one line, and in a second one what may have been meant.
function reject(error: CommanderError, command: Command): never {
  if (error.exitCode === 0 || error.code === "commander.help") throw error;
  const [, message = error.message, meant] = /^error: (.*?)(?:\n\(Did you mean (.*)\?\))?$/s.exec(error.message) ?? [];
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  const hint = meant === undefined ? `usage: ${name} ${command.usage()}` : `did you mean ${meant}?`;
  throw Failure.usage(message.replace("unknown command", "unknown verb").replace(/\.$/, ""), hint);
}

const fieldsOfALine = `
In a pipe: user, status, since, lastSeen, validUntil, version and message, with tabs between.`;

const eventsOfAWatch = `
In a pipe one line an event: snapshot, change, joined, left, stale or live, then the fields of presence get.`;

const whatATraceTells = `
With --at and --trace it answers from files, and says what makes the answer doubtful, if anything does. Exit code 1: the trace does not
reach that instant, or tells nothing of the user. In a pipe more lines: at, moved, withheld and doubt.`;

const columnsOfTop = `
In a pipe one line a second: time, ONLINE, AWAY, DND, OFFLINE, devices, watchStreams, sweepLagMs and feed, with tabs between.`;

const whatDoctorReads = `
It goes by the servers' own variables: REDIS_URL, PRESENCE_REDIS_CLUSTER or PRESENCE_REDIS_SENTINELS with PRESENCE_REDIS_MASTER,
PRESENCE_REDIS_SENTINEL_USERNAME and _PASSWORD, PRESENCE_REDIS_USERNAME, PRESENCE_REDIS_PASSWORD, PRESENCE_REDIS_TLS_CA, PRESENCE_SESSION_KEY,
PRESENCE_SESSION_TTL, PRESENCE_KEY_PREFIX, PRESENCE_LEASE_TTL. It writes nothing.
In a pipe: name, level (ok, note or problem), what was found and what to do, with tabs between. Exit code 1: a problem.`;

const examples = `
Examples:
  presence get alice bob
  presence set alice dnd --for 1h --message "on call"
  presence watch --party lobby
  presence list --status away,dnd --json

Exit codes: 0 done, 1 failed, 2 wrong usage.
Environment: PRESENCE_SERVER, PRESENCE_USER, PRESENCE_TOKEN, PRESENCE_TLS_CA, PRESENCE_TLS_CLIENT_CERT, PRESENCE_TLS_CLIENT_KEY, NO_COLOR.`;
