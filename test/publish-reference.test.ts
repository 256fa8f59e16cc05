import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./scratch-checkout.ts";

test("the reference of the packages' API is made without a warning, and leads to what each package exports", { timeout: 120_000 }, () => {
  const out = mkdtempSync(join(tmpdir(), "presence-api-"));
  const run = spawnSync("npm", ["run", "--silent", "--prefix", "docs", "api", "--", "--out", out], { cwd: root, encoding: "utf8" });
  try {
    expect(run.status, run.stdout + run.stderr).toBe(0);
    expect(run.stdout + run.stderr).not.toMatch(/\[(warning|error)\]/);
    for (const page of ["index.html", "classes/domain_src.PresenceService.html", "functions/memory-adapter_src.memoryAdapter.html"]) {
      expect(existsSync(join(out, page)), page).toBe(true);
    }
  } finally {
    rmSync(out, { recursive: true });
  }
});
