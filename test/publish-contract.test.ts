import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tool } from "./packed-packages.ts";
import { scratchCheckout } from "./scratch-checkout.ts";

const { dir, remove } = scratchCheckout();
const contract = join(dir, "proto/presence/v1/presence.proto");
const committed = readFileSync(contract, "utf8");

beforeAll(() => {
  rmSync(join(dir, ".git"), { recursive: true });
  const git = (...args: string[]) => tool(dir, "git", "-c", "user.name=presence", "-c", "user.email=presence@localhost", ...args);
  git("init", "--quiet", "--initial-branch=main");
  git("add", "proto");
  git("commit", "--quiet", "--message=the contract");
  // It shares the packages of this checkout: nothing may be installed there.
  tool(dir, "bash", "-c", "source script/toolchain.sh; lockfile_stamp >.tools/installed");
});
afterAll(remove);

/** Compares a changed contract with the one on main. */
function breaking(change: (contract: string) => string): { readonly status: number | null; readonly printed: string } {
  writeFileSync(contract, change(committed));
  const { status, stdout, stderr } = spawnSync("bash", ["script/breaking"], {
    cwd: dir,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { status, printed: stdout + stderr };
}

test("a contract that grows breaks nobody", () => {
  const grown = breaking((text) => `${text}\n// The answer to nothing.\nmessage Nothing {\n  string why = 1;\n}\n`);
  expect(grown, grown.printed).toMatchObject({ status: 0 });
});

test("a field that gets another number, or goes away, is found", () => {
  const [field = ""] = /^ {2}string user_id = 1[^\n]*\n/m.exec(committed) ?? [];
  expect(field).not.toBe("");
  const renumbered = breaking((text) => text.replace(field, field.replace("= 1", "= 99")));
  expect(renumbered.status).not.toBe(0);
  expect(renumbered.printed).toMatch(/Previously present field "1"/);
  expect(breaking((text) => text.replace(field, "")).status).not.toBe(0);
});
