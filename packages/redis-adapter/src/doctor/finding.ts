/** `ok`: as it should be. `note`: worth knowing, nothing is wrong with the answers. `problem`: somebody has to act. */
export type Level = "ok" | "note" | "problem";

/** What one check came to. */
export interface Finding {
  /** Of the check; stays the same for good. */
  readonly name: string;
  /** `host:port` of the server that it is about; undefined: of all of them, or there is only one. */
  readonly node: string | undefined;
  readonly level: Level;
  /** One or two sentences. May hold what Redis or other services said: escape it before it is printed. */
  readonly found: string;
  /** What to do, with the command where there is one; undefined: nothing. */
  readonly advice: string | undefined;
}

/** What a check says, before its name and its server are put to it. */
export type Verdict = Omit<Finding, "name" | "node">;

export function finding(name: string, verdict: Verdict, node?: string): Finding {
  return { name, node, ...verdict };
}

export function ok(found: string): Verdict {
  return { level: "ok", found, advice: undefined };
}

export function note(found: string, advice?: string): Verdict {
  return { level: "note", found, advice };
}

export function problem(found: string, advice: string): Verdict {
  return { level: "problem", found, advice };
}
