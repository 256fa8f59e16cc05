import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { manifestOf, ownDependencies, strayImports } from "./package-imports.ts";

const root = join(import.meta.dirname, "..");

/**
 * Which packages of ours each one may need to run. Arrows point inwards only. What tests need is another matter, so this
 * is no rule of `turbo boundaries`, which counts `devDependencies` too.
 */
const arrows: Record<string, readonly string[]> = {
  proto: [],
  "packages/domain": [],
  "packages/memory-adapter": ["domain"],
  "packages/redis-adapter": ["domain"],
  "packages/grpc-server": ["domain", "memory-adapter", "proto", "redis-adapter"],
  "packages/client": ["proto"],
  "packages/cli": ["client", "domain", "redis-adapter"],
  "packages/faults": ["client", "domain", "grpc-server", "proto", "redis-adapter", "redis-fixture"],
  "packages/fuzz": ["grpc-server", "proto", "redis-fixture"],
  "packages/redis-fixture": [],
  "packages/simulation": ["domain", "memory-adapter"],
  "examples/chat": ["client", "grpc-server", "redis-fixture"],
  "examples/embedded": ["domain", "memory-adapter"],
};

describe("arrows point inwards", () => {
  test("every package has its place", () => {
    const packages = ["packages", "examples"].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
    expect([...packages, "proto"].sort()).toEqual(Object.keys(arrows).sort());
  });

  test.each(Object.entries(arrows))("%s needs %j", (folder, allowed) => {
    expect([...ownDependencies(join(root, folder))].sort()).toEqual(allowed);
  });

  test.each(Object.keys(arrows))("%s imports only what it declares", (folder) => {
    expect(strayImports(join(root, folder))).toEqual([]);
  });

  test("the domain needs nothing at all", () => {
    expect(manifestOf(join(root, "packages/domain")).dependencies).toBeUndefined();
  });
});

describe("an arrow that points outwards is found", () => {
  const copy = mkdtempSync(join(tmpdir(), "presence-arrows-"));
  afterAll(() => rmSync(copy, { recursive: true, force: true }));
  mkdirSync(join(copy, "src"));
  cpSync(join(root, "packages/client/package.json"), join(copy, "package.json"));

  test.each([
    ["another package of ours", 'import { PresenceService } from "@presence/domain";\n', "src/seeded.ts: @presence/domain"],
    ["a type of it", 'export type { Presence } from "@presence/domain";\n', "src/seeded.ts: @presence/domain"],
    ["a part of it, late", 'const kit = await import("@presence/domain/testing");\n', "src/seeded.ts: @presence/domain/testing"],
    ["another package's file", 'import { status } from "../../domain/src/status.ts";\n', "src/seeded.ts: ../../domain/src/status.ts"],
    ["what only tests may use", 'import { expect } from "vitest";\n', "src/seeded.ts: vitest"],
  ])("%s", (_, source, complaint) => {
    writeFileSync(join(copy, "src/seeded.ts"), source);
    expect(strayImports(copy)).toEqual([complaint]);
  });

  test("and nothing where all is declared", () => {
    writeFileSync(join(copy, "src/seeded.ts"), 'import { Code } from "@presence/proto";\nimport { once } from "node:events";\n');
    expect(strayImports(copy)).toEqual([]);
  });
});
