import { existsSync } from "node:fs";
import { join } from "node:path";

/** Runs before all tests: without the contract's generated code half of them would fail with puzzles. */
export function setup(): void {
  const generated = join(import.meta.dirname, "../proto/gen/presence/v1/presence.ts");
  if (!existsSync(generated)) throw new Error("proto/gen is missing: script/build generates it from the contract");
}
