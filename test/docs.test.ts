import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { causes, type Status, statuses, transitions } from "@presence/domain";
import { freePort, startRedis } from "@presence/redis-fixture";
import { afterEach, describe, expect, test } from "vitest";
import { variablesTable } from "../packages/grpc-server/src/config/variables.ts";
import { blocks, commands, guides } from "./documents.ts";
import { root, scratchCheckout } from "./scratch-checkout.ts";

const inMemory = "script/server";
const onRedis = "REDIS_URL=redis://127.0.0.1:6379 script/server";
const calls = [
  'script/presence set alice dnd --for 1h --message "on call"',
  "script/presence get alice bob",
  "script/presence explain alice",
];
const doctor = "REDIS_URL=redis://127.0.0.1:6379 script/presence doctor";
/** `topologies.test.ts` of packages/cli runs them on a real cluster and with real sentinels. */
const doctors = [
  "PRESENCE_REDIS_CLUSTER=10.0.0.1:6379,10.0.0.2:6379 script/presence doctor",
  "PRESENCE_REDIS_SENTINELS=10.0.0.1:26379,10.0.0.2:26379 PRESENCE_REDIS_MASTER=mymaster script/presence doctor",
];
const example = "script/build && node examples/embedded/dist/main.js";
/** `examples/chat/src/main.test.ts` runs it: it takes its time. */
const chat = "script/build && node examples/chat/dist/main.js";
const oneFolder = "npx vitest run packages/redis-fixture";
const format = "script/format";
/** `publish-contract.test.ts` and `publish-reference.test.ts` run them where they break nothing. */
const publishing = ["script/breaking", "script/build && npm run --prefix docs api"];
/** Not every machine has Docker: `packaging.test.ts` carries the same steps out without it, `deploy-files.test.ts` starts the same Redis. */
const containers = ["docker compose up --detach --wait", "docker build --tag presence ."];
const faultRows = "script/faults --list";
/** `faults.test.ts` plays every row, and `soak.test.ts` soaks, as these do for longer. */
const faults = ["script/faults", "script/faults --short redis-stalls rolling-restart", "script/soak 20m"];
/** It runs this very test, and .ci/run runs it on a clean checkout. */
const everything = "script/test";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

test("every command in the guides is proven here, and nothing else is", () => {
  const proven = [
    inMemory,
    onRedis,
    ...calls,
    doctor,
    ...doctors,
    example,
    chat,
    oneFolder,
    format,
    ...publishing,
    ...containers,
    faultRows,
    ...faults,
    everything,
  ];
  expect([...new Set(guides.flatMap(commands))].sort()).toEqual(proven.sort());
});

/** Runs a command line as a reader would, and gives what it printed. */
function run(line: string, { cwd = root, env = {} } = {}): string {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  expect(status, `${line}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** Starts the service with a command line; resolves to its address once it listens. */
async function serve(line: string): Promise<string> {
  const port = String(await freePort());
  // A group of its own: the signal reaches the service whether or not the shell made way for it.
  const child = spawn("bash", ["-c", line], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PRESENCE_PORT: port },
  });
  const exited = once(child, "close");
  let printed = "";
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        if (printed.includes(`presence listens on 127.0.0.1:${port}`)) resolve();
      });
    }
  });
  cleanUps.push(async () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    expect((await exited)[0], printed).toBe(0);
  });
  await Promise.race([listening, exited.then(() => Promise.reject(new Error(`${line} ended:\n${printed}`)))]);
  for (const call of calls) expect(printed).toContain(`PRESENCE_SERVER=127.0.0.1:${port} ${call}`);
  return `127.0.0.1:${port}`;
}

function tryIt(address: string): void {
  const printed = calls.map((call) => run(call, { env: { PRESENCE_SERVER: address } }));
  expect(printed[0]).toContain("DND");
  expect(printed[1]).toMatch(/^alice\tDND\t.*\ton call\nbob\tOFFLINE\t/);
  expect(printed[2]).toContain("because\t");
}

describe("the commands do what the guides say", () => {
  test(`${inMemory}, and the three lines to try`, { timeout: 120_000 }, async () => {
    tryIt(await serve(inMemory));
  });

  test(`${onRedis}, and ${doctor}`, { timeout: 120_000 }, async () => {
    const redis = await startRedis();
    cleanUps.push(() => redis.stop());
    const address = await serve(onRedis.replace("6379", String(redis.port)));
    tryIt(address);
    const looked = run(doctor.replace("6379", String(redis.port)), { env: { PRESENCE_SERVER: address } });
    expect(looked).toMatch(/^server\tok\t/m);
    expect(looked).toMatch(/^sweeper\tok\t/m);
  });

  test(example, { timeout: 120_000 }, () => {
    expect(run(example)).toContain("alice is DND: on call\n");
  });

  test(faultRows, { timeout: 120_000 }, () => {
    expect(run(faultRows)).toMatch(/^server-killed +\S/m);
  });

  test(oneFolder, { timeout: 120_000 }, () => {
    expect(run(oneFolder, { env: { NO_COLOR: "1" } })).toMatch(/Tests +\d+ passed/);
  });

  test(format, () => {
    const { dir, remove } = scratchCheckout();
    cleanUps.push(remove);
    const contract = join(dir, "proto/presence/v1/presence.proto");
    const tidy = readFileSync(contract, "utf8");
    writeFileSync(contract, tidy.replace("message GetStatsRequest {}", "message   GetStatsRequest{  }"));
    const untidy = join(dir, "packages/domain/src/untidy.ts");
    writeFileSync(untidy, "export const a={b:'c'}");
    // Its exit code is the linter's, which has a stage of its own.
    spawnSync("bash", ["-c", format], { cwd: dir, stdio: "ignore" });
    expect(readFileSync(untidy, "utf8")).toBe('export const a = { b: "c" };\n');
    expect(readFileSync(contract, "utf8")).toBe(tidy);
  });
});

test("the TypeScript in guides and package descriptions compiles", { timeout: 60_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), "presence-docs-"));
  cleanUps.push(() => rmSync(dir, { recursive: true, force: true }));
  const scope = join(dir, "node_modules/@presence");
  mkdirSync(scope, { recursive: true });
  const folders = readdirSync(join(root, "packages"));
  for (const folder of folders) symlinkSync(join(root, "packages", folder), join(scope, folder));
  symlinkSync(join(root, "proto"), join(scope, "proto"));
  for (const name of ["@types", "vitest"]) symlinkSync(join(root, "node_modules", name), join(dir, "node_modules", name));
  const described = folders
    .map((folder) => `packages/${folder}/README.md`)
    .filter((file) => readdirSync(join(root, file, "..")).includes("README.md"));
  const snippets = [...guides, ...described].flatMap((document) => blocks(document, "ts").map((code) => ({ document, code })));
  for (const [index, { document, code }] of snippets.entries()) {
    writeFileSync(join(dir, `snippet-${index}.ts`), `// ${document}\n${code}`);
  }
  const compilerOptions = { noEmit: true, customConditions: ["source"], types: ["node"] };
  writeFileSync(join(dir, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    join(dir, "tsconfig.json"),
    JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] }),
  );
  expect(snippets.length).toBeGreaterThan(1);
  expect(spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", dir], { encoding: "utf8" }).stdout).toBe("");
});

test("docs/presence.md prints the table of transitions", () => {
  const cell = (moves: readonly Status[]) => (moves.length === 0 ? "–" : moves.join(", "));
  const table = [
    `| cause | ${statuses.map((from) => `from ${from} to`).join(" | ")} |`,
    `|${"---|".repeat(statuses.length + 1)}`,
    ...causes.map((cause) => `| ${cause} | ${statuses.map((from) => cell(transitions[cause][from])).join(" | ")} |`),
  ];
  const [, printed = ""] = readFileSync(join(root, "docs/presence.md"), "utf8").split(/<!-- \/?transitions -->\n/);
  expect(printed.trim().split("\n")).toEqual(table);
});

test("the guide to the settings lists every one as the server knows it", () => {
  expect(readFileSync(join(root, "docs/settings.md"), "utf8")).toContain(variablesTable());
});
