import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { root, scratchCheckout } from "./scratch-checkout.ts";

let scratch: ReturnType<typeof scratchCheckout> | undefined;
afterEach(() => scratch?.remove());

/** The text of one recipe. */
function recipe(title: string): string {
  const [, text] = readFileSync(join(root, "CONTRIBUTING.md"), "utf8").split(`### ${title}\n`);
  if (text === undefined) throw new Error(`CONTRIBUTING.md has no recipe "${title}"`);
  return text.split(/^##/m)[0] ?? "";
}

function change(dir: string, file: string, from: string, to: string): void {
  const before = readFileSync(join(dir, file), "utf8");
  expect(before, file).toContain(from);
  writeFileSync(join(dir, file), before.replace(from, to));
}

/** The files, tests aside, that do not compile any more. */
function brokenFiles(dir: string, folders: readonly string[]): readonly string[] {
  const broken = folders.flatMap((folder) => {
    const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], { cwd: dir, encoding: "utf8" });
    return [...stdout.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].flatMap(([, file]) => file ?? []);
  });
  return [...new Set(broken)].filter((file) => !/\.(test|fixture)\.ts$/.test(file)).sort();
}

describe("the recipes are true", () => {
  test("every file they name is there", () => {
    const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
    const named = [...text.matchAll(/`((?:packages|proto|docs|script|test|examples|\.ci|\.changeset)\/[^`\s…<>]*)`/g)].flatMap(
      ([, path]) => path ?? [],
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("add a status: what the compiler then misses is what the recipe names", { timeout: 60_000 }, () => {
    scratch = scratchCheckout();
    const { dir } = scratch;
    for (const file of ["packages/domain/src/status.ts", "packages/client/src/presence.ts"]) {
      change(dir, file, '["ONLINE", "AWAY", "DND", "OFFLINE"]', '["ONLINE", "BUSY", "AWAY", "DND", "OFFLINE"]');
    }
    const broken = brokenFiles(dir, ["packages/domain", "packages/client", "packages/grpc-server", "packages/cli"]);
    expect(broken.length).toBeGreaterThan(4);
    const text = recipe("Add a status");
    expect(broken.filter((file) => !text.includes(`\`${file}\``))).toEqual([]);
  });

  test("add an rpc: what the compiler then misses is what the recipe names", { timeout: 60_000 }, () => {
    scratch = scratchCheckout();
    const { dir } = scratch;
    change(
      dir,
      "proto/presence/v1/presence.proto",
      "service PresenceAdminService {",
      "service PresenceAdminService {\n  rpc Ping(GetStatsRequest) returns (GetStatsResponse);",
    );
    const { status, stderr } = spawnSync(join(root, "proto/node_modules/.bin/buf"), ["generate"], {
      cwd: join(dir, "proto"),
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(root, "proto/node_modules/.bin")}:${process.env.PATH}` },
    });
    expect(status, stderr).toBe(0);
    const broken = brokenFiles(dir, ["packages/grpc-server", "packages/client"]);
    expect(broken.length).toBeGreaterThan(1);
    const text = recipe("Add an rpc");
    expect(broken.filter((file) => !text.includes(`\`${file}\``))).toEqual([]);
  });
});
