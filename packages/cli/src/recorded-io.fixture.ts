import type { Io } from "./io.ts";
import { type ExitCode, run } from "./run.ts";

export interface RecordedIoOptions {
  /** Width of a terminal; without it both outlets are pipes. */
  readonly terminal?: number;
  readonly env?: Io["env"];
}

/** What a run of the command left behind. */
export interface Recorded {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, on a terminal or in a pipe of its own. */
export async function runRecorded(argv: readonly string[], { terminal, env = {} }: RecordedIoOptions = {}): Promise<Recorded> {
  const written = { out: "", err: "" };
  const outlet = (name: keyof typeof written) => ({
    isTTY: terminal !== undefined,
    columns: terminal,
    write: async (text: string) => {
      written[name] += text;
    },
  });
  const exitCode = await run(argv, { out: outlet("out"), err: outlet("err"), env, version: "1.2.3", now: () => new Date() });
  return { exitCode, stdout: written.out, stderr: written.err };
}
