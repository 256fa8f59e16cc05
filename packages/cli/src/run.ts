import { CommanderError } from "commander";
import { withClient } from "./connection.ts";
import { doctor } from "./doctor/doctor.ts";
import { explainAt } from "./explain-at.ts";
import { Failure } from "./failure.ts";
import { type Io, isClosedPipe } from "./io.ts";
import { colorsFor, lookOf } from "./look.ts";
import { printable } from "./printable.ts";
import { createProgram, type GlobalOptions } from "./program.ts";

const defaultRows = 24;

/** 0: done. 1: failed. 2: wrong usage. */
export type ExitCode = 0 | 1 | 2;

/**
 * Runs one command line. It never throws: what goes wrong is one line on standard error, with a hint of what to do next.
 * @param argv without the names of node and the command
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await perform(argv, io);
  } catch (error) {
    if (isClosedPipe(error)) return 0;
    const failure = error instanceof Failure ? error : unexpected(error);
    const color = !argv.includes("--no-color");
    try {
      await io.err.write(`${colorsFor(io.err, io, { color }).red("presence:")} ${failureLine(failure)}\n`);
    } catch (gone) {
      if (!isClosedPipe(gone)) throw gone;
    }
    return failure.exitCode;
  }
}

async function perform(argv: readonly string[], io: Io): Promise<ExitCode> {
  const help: string[] = [];
  const program = createProgram({
    version: io.version,
    writeOut: (text) => help.push(text),
    perform: (options, verb) => performVerb(options, verb, io),
    diagnose: (options, parts) => doctor(io, lookOf(io, options), parts),
    replay: (options, question) => explainAt(io, lookOf(io, options), question),
  });
  try {
    if (argv.length === 0) {
      await io.err.write(program.helpInformation());
      return 2;
    }
    await program.parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw Failure.usage("a verb is missing", "presence --help lists them");
    await io.out.write(help.join(""));
    return 0;
  }
}

async function performVerb(
  options: GlobalOptions,
  verb: Parameters<Parameters<typeof createProgram>[0]["perform"]>[1],
  io: Io,
): Promise<void> {
  await withClient(io, options.server, (client) =>
    verb({
      client,
      look: lookOf(io, options),
      signal: io.interrupted,
      rows: io.out.rows ?? defaultRows,
      now: () => io.now(),
      print: (text) => io.out.write(text),
      note: (text) => io.err.write(`presence: ${text}\n`),
    }),
  );
}

function failureLine({ message, hint }: Failure): string {
  return printable(hint === undefined ? message : `${message}: ${hint}`);
}

function unexpected(error: unknown): Failure {
  if (error instanceof Error && "syscall" in error && error.syscall === "write") {
    return new Failure(1, `the output cannot be written: ${error.message}`, undefined, error);
  }
  return new Failure(
    1,
    `unexpected: ${error instanceof Error ? error.message : String(error)}`,
    "this is a fault of the command; please report it",
    error,
  );
}
