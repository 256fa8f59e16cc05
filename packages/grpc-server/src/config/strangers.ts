import { ofTheClient, variables } from "./variables.ts";

const known = Object.keys(variables);

/** What Kubernetes injects for every Service of the namespace whose name begins with `presence`. */
const serviceLink = /^PRESENCE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$/;

/** The value that Kubernetes gives to `<SERVICE>_PORT`. */
export function isServiceLink(value: string): boolean {
  return /^(tcp|udp|sctp):\/\//.test(value);
}

/** What is wrong with variables that look like ours and are not read: a slip of the pen must not run with defaults. */
export function strangers(environment: Readonly<Record<string, string | undefined>>): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("PRESENCE_") || value === undefined || value === "" || known.includes(name)) continue;
    if (ofTheClient.includes(name) || serviceLink.test(name) || (name.endsWith("_PORT") && isServiceLink(value))) continue;
    const meant = closest(name, known);
    problems.push(`${name} is set, and is no variable of this server${meant === undefined ? "" : `; did you mean ${meant}?`}`);
  }
  return problems;
}

function closest(name: string, candidates: readonly string[]): string | undefined {
  let best = candidates.find((candidate) => candidate.startsWith(`${name}_`));
  if (best !== undefined) return best;
  // A third of what follows the common prefix may be wrong.
  let least = Math.ceil((name.length - "PRESENCE_".length) / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Letters to add, remove or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (previous[j] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(replaced, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
