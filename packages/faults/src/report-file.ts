import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * Puts text between `<!-- name -->` and `<!-- /name -->` of a Markdown file, instead of what stands there.
 * @throws Error where the file has no such place
 */
export function writeBetween(file: URL, name: string, text: string): void {
  const old = readFileSync(file, "utf8");
  writeFileSync(file, replaceBetween(old, name, text));
}

/** As `writeBetween`, of a text. @throws Error where it has no such place */
export function replaceBetween(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(open), document.indexOf(close)];
  if (from === -1 || to < from) throw new Error(`there is no place between ${open.trim()} and ${close}`);
  return `${document.slice(0, from + open.length)}${text.trimEnd()}\n${document.slice(to)}`;
}

/** When and on what figures were measured. */
export function measuredOn(date: Date): string {
  const [, redis = "?"] = /v=(\S+)/.exec(execFileSync("redis-server", ["--version"], { encoding: "utf8" })) ?? [];
  return `${date.toISOString().slice(0, 10)}, ${availableParallelism()} cores, Node ${process.versions.node}, Redis ${redis}`;
}
