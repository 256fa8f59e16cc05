import type { Io } from "./io.ts";
import { type ExitCode, run } from "./run.ts";

export interface RecordedIoOptions {
  /** Width of a terminal; without it both outlets are pipes. */
  readonly terminal?: number;
  readonly env?: Io["env"];
  /** Ends a watch. */
  readonly interrupted?: AbortSignal;
  /** Sees everything as it is written. */
  readonly onWrite?: (text: string) => void;
}

/** What a run of the command left behind. */
export interface Recorded {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, on a terminal or in a pipe of its own. */
export async function runRecorded(
  argv: readonly string[],
  { terminal, env = {}, interrupted = new AbortController().signal, onWrite = () => {} }: RecordedIoOptions = {},
): Promise<Recorded> {
  const written = { out: "", err: "" };
  const outlet = (name: keyof typeof written) => ({
    isTTY: terminal !== undefined,
    columns: terminal,
    rows: 24,
    write: async (text: string) => {
      written[name] += text;
      onWrite(written.out);
    },
  });
  const exitCode = await run(argv, { out: outlet("out"), err: outlet("err"), env, version: "1.2.3", now: () => new Date(), interrupted });
  return { exitCode, stdout: written.out, stderr: written.err };
}
