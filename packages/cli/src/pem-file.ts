import { readFile } from "node:fs/promises";
import { Failure } from "./failure.ts";
import { type Io, setting } from "./io.ts";

/** The PEM in the file that `variable` names; undefined where it names none. @param holds what it has to hold, for the hint */
export async function pemFile(io: Io, variable: string, holds: string): Promise<string | undefined> {
  const path = setting(io, variable);
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(2, `the file of ${variable} cannot be read: ${reason}`, `it holds ${holds}, in PEM`, cause);
  }
}
