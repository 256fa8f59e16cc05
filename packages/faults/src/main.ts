import { parseArgs } from "node:util";
import { endOnSignal } from "@presence/redis-fixture";
import { playRows } from "./play.ts";
import { Progress } from "./progress.ts";
import { measuredOn, writeBetween } from "./report-file.ts";
import { rows } from "./rows/index.ts";
import { markdownTable, verdictOf } from "./table.ts";
import { fullTiming, shortTiming } from "./timing.ts";

const usage = `Plays faults on real servers and a real Redis, and prints what held.

  script/faults                 every row, with the timing of production: some half an hour
  script/faults ROW …           only these
  script/faults --short         twenty times faster leases, crowds a tenth as large
  script/faults --list          the names of the rows
  script/faults --jobs 12       so many rows at once; heavy ones are played alone
  script/faults --write         keeps the table of all rows in docs/reliability.md

Exit codes: 0 everything held, 1 something did not, 2 wrong usage.`;

const document = new URL("../../../docs/reliability.md", import.meta.url);

const { values, positionals } = read();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (values.list) {
  for (const { name, fault } of rows) console.log(`${name.padEnd(24)} ${fault}`);
  process.exit(0);
}
const unknown = positionals.filter((wanted) => rows.every(({ name }) => name !== wanted));
if (unknown.length > 0) refuse(`no row is called ${unknown.join(", ")}; --list prints all names`);
if (values.write && positionals.length > 0) refuse("--write keeps the table of all rows, not of some");

const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
endOnSignal();
const progress = new Progress(chosen.length, process.stderr);
const played = await playRows(chosen, {
  timing: values.short ? shortTiming : fullTiming,
  atOnce: Number(values.jobs),
  heavyAlone: true,
  onStart: (row) => progress.started(row),
  onEnd: (one) => progress.ended(one),
});
progress.close();
const table = markdownTable(played);
console.log(table);
if (values.write) {
  const timing = values.short ? "leases of 6 s, crowds a tenth as large" : "the timing of production";
  writeBetween(document, "faults", `Measured on ${measuredOn(new Date())}, with ${timing}.\n\n${table}`);
}
process.exit(played.every((one) => verdictOf(one) === "held") ? 0 : 1);

function read() {
  try {
    const options = {
      short: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      jobs: { type: "string", default: "12" },
    } as const;
    const parsed = parseArgs({ options, allowPositionals: true });
    if (!/^[1-9]\d?$/.test(parsed.values.jobs)) refuse(`--jobs is '${parsed.values.jobs}', which is no number of rows at once`);
    return parsed;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function refuse(message: string): never {
  console.error(`script/faults: ${message}\n\n${usage}`);
  process.exit(2);
}
