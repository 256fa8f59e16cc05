import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Made } from "./attacker.ts";

/** Attacks on one server at once. */
export const loops = 3;
/** After its time an attacker still ends its last attacks; one that takes longer hangs. */
const endMs = 20_000;
// Right from src/ and dist/: tests run sources, processes run what is built of them.
const program = fileURLToPath(new URL("../dist/attacker.js", import.meta.url));

/** None of them outlives this process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Attacks `address` from a process of its own, which may die of what it does: Node's HTTP/2 client is not made for attacks.
 *
 * @param onMade hears of every attack
 * @throws Error where the attacker is not built
 */
export function startAttacker(address: string, seed: number, durationMs: number, onMade: (made: Made) => void): ChildProcess {
  if (!existsSync(program)) throw new Error(`${program} is missing: build first (script/build)`);
  const { PATH = "" } = process.env;
  const words = [address, seed, durationMs, loops].map(String);
  const child = fork(program, words, { env: { PATH }, execArgv: ["--enable-source-maps"] });
  const limit = setTimeout(() => child.kill("SIGKILL"), durationMs + endMs);
  running.add(child);
  child.on("message", (made) => onMade(made as Made));
  child.once("exit", () => {
    clearTimeout(limit);
    running.delete(child);
  });
  return child;
}
