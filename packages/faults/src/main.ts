import { parseArgs } from "node:util";
import { seconds } from "./figures.ts";
import { playRows } from "./play.ts";
import { rows } from "./rows/index.ts";
import { markdownTable, verdictOf } from "./table.ts";
import { fullTiming, shortTiming } from "./timing.ts";

const usage = `Plays faults on real servers and a real Redis, and prints what held.

  script/faults                 every row, with the timing of production: some ten minutes
  script/faults ROW …           only these
  script/faults --short         twenty times faster leases
  script/faults --list          the names of the rows

Exit codes: 0 everything held, 1 something did not, 2 wrong usage.`;

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

const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const played = await playRows(chosen, {
  timing: values.short ? shortTiming : fullTiming,
  atOnce: Number(values.jobs),
  onStart: ({ name, fault }) => console.error(`… ${name}: ${fault}`),
  onEnd: (one) => {
    console.error(`${verdictOf(one) === "held" ? "✓" : "✗"} ${one.row.name} (${seconds(one.tookMs)}): ${verdictOf(one)}`);
    if ("lies" in one.outcome) for (const { promise, what } of one.outcome.lies.slice(0, 10)) console.error(`    ${promise}: ${what}`);
  },
});
console.log(markdownTable(played));
process.exit(played.every((one) => verdictOf(one) === "held") ? 0 : 1);

function read() {
  try {
    const options = {
      short: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      jobs: { type: "string", default: "4" },
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
