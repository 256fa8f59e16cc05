import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A Lua file, and the name under which Redis keeps it. */
export interface Script {
  readonly source: string;
  readonly sha: string;
  /** What a key is that has the wrong type for it. */
  readonly keyKind: string;
}

function script(file: string, keyKind: string): Script {
  const source = readFileSync(new URL(`../lua/${file}`, import.meta.url), "utf8");
  return { source, sha: createHash("sha1").update(source).digest("hex"), keyKind };
}

export const scripts = {
  tick: script("tick.lua", "the clock (a hash)"),
  commit: script("commit.lua", "a user's session (a hash)"),
  renew: script("renew.lua", "a user's record (a string)"),
  claim: script("claim.lua", "the due index (sorted sets)"),
  lead: script("lead.lua", "who leads a task (a string)"),
  members: script("members.lua", "a party (a set)"),
} as const;

/** By the name under which Redis keeps them. */
export const scriptsBySha: ReadonlyMap<unknown, Script> = new Map(Object.values(scripts).map((one) => [one.sha, one]));
