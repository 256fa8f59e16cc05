import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** This checkout. */
export const root = join(import.meta.dirname, "..");

const left = new Set([".git", ".tools", ".turbo", "coverage", "dist", "node_modules"]);

/** A copy of this checkout in which a test may change everything. It is installed and its contract is generated; nothing is built. */
export function scratchCheckout(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "presence-checkout-"));
  cpSync(root, dir, { recursive: true, filter: (path) => !left.has(basename(path)) });
  // The linter asks a repository what it ignores.
  mkdirSync(join(dir, ".git"));
  mkdirSync(join(dir, ".tools"));
  for (const file of ["installed", "pnpm-version"]) {
    if (existsSync(join(root, ".tools", file))) cpSync(join(root, ".tools", file), join(dir, ".tools", file));
  }
  for (const tools of ["node_modules", ".tools/node_modules"]) symlinkSync(join(root, tools), join(dir, tools));
  for (const folder of ["packages", "examples"].flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name)))) {
    linkDependencies(folder, dir);
  }
  linkDependencies("proto", dir);
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

// Links between our own packages are relative: as they are, they lead to the copies.
function linkDependencies(folder: string, dir: string): void {
  const from = join(root, folder, "node_modules");
  if (existsSync(from)) cpSync(from, join(dir, folder, "node_modules"), { recursive: true, verbatimSymlinks: true });
}
