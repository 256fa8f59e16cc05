import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** A small domain under the real settings: what is refused there is refused in the real one. */
const copy = mkdtempSync(join(tmpdir(), "presence-domain-"));
const domain = join(copy, "packages/domain");
mkdirSync(join(domain, "src"), { recursive: true });
for (const file of ["biome.json", ".gitignore", "tsconfig.base.json", "script/no-math-random.grit"])
  cpSync(join(root, file), join(copy, file));
for (const file of ["package.json", "tsconfig.json", "src/status.ts"]) cpSync(join(root, "packages/domain", file), join(domain, file));
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
mkdirSync(join(copy, ".git"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** What one more file makes the linter and the compiler say. */
function complaints(source: string): { readonly lint: string; readonly types: string } {
  writeFileSync(join(domain, "src/seeded.ts"), source);
  return { lint: run("biome", ["check", "packages/domain"]), types: run("tsc", ["-p", "packages/domain"]) };
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin", command), args, { cwd: copy, encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? "" : `${stdout}${stderr}`;
}

describe("the domain is held to its word", () => {
  test("what is pure passes", () => {
    expect(complaints('import { statuses } from "./status.ts";\n\nexport const known = statuses.length;\n')).toEqual({
      lint: "",
      types: "",
    });
  });

  test.each([
    ["a clock", "export const at = Date.now();\n", "noRestrictedGlobals"],
    ["a clock behind another name", "export const at = globalThis.Date.now();\n", "noRestrictedGlobals"],
    ["a random source", "export const some = Math.random();\n", "no random source"],
    ["a timer", "export const timer = setTimeout(() => {}, 1);\n", "noRestrictedGlobals"],
    ["a line on the console", 'console.log("here");\n', "noRestrictedGlobals"],
    ["a promise that nobody awaits", "export function begin(work: () => Promise<void>): void {\n  work();\n}\n", "noFloatingPromises"],
  ])("%s is refused by the linter", (_, source, complaint) => {
    expect(complaints(source).lint).toContain(complaint);
  });

  test.each([
    ["a Node API", 'import { readFileSync } from "node:fs";\n\nexport const read = readFileSync;\n', "node:fs"],
    ["the process", "export const env = process.env;\n", "process"],
    ["a package", 'import { Redis } from "ioredis";\n\nexport const client = Redis;\n', "ioredis"],
    [
      "an adapter",
      'import { memoryAdapter } from "@presence/memory-adapter";\n\nexport const adapter = memoryAdapter;\n',
      "memory-adapter",
    ],
  ])("%s is refused by linter and compiler", (_, source, complaint) => {
    const { lint, types } = complaints(source);
    expect(lint).toMatch(/noRestrictedImports|noRestrictedGlobals/);
    expect(types).toContain(complaint);
  });
});
