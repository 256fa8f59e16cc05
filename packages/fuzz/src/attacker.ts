// The program of an attacker's process: attacker.js ADDRESS SEED MILLISECONDS LOOPS. It tells its parent what it made.
import { setTimeout as sleep } from "node:timers/promises";
import { attacks } from "./attacks/index.ts";
import { Random } from "./random.ts";

/** One that takes longer hangs itself, whatever the server does. */
const attackMs = 15_000;

/** What an attacker tells of every attack. */
export interface Made {
  readonly name: string;
  /** How many calls or frames it sent; undefined: it did not end in time. */
  readonly sent?: number;
}

const [address = "", seed, durationMs, loops] = process.argv.slice(2);
const deadline = performance.now() + Number(durationMs);
// Nobody is left to hear of its attacks.
process.once("disconnect", () => process.exit());
await Promise.all(Array.from({ length: Number(loops) }, (_, index) => attack(new Random(Number(seed) + index))));
process.exit(0);

async function attack(random: Random): Promise<void> {
  while (performance.now() < deadline) {
    const { name, run } = random.pick(attacks);
    const sent = await Promise.race([run({ address, random }), sleep(attackMs, undefined, { ref: false })]);
    await tell(sent === undefined ? { name } : { name, sent });
  }
}

/** Waits until the message is out, so that the last one is not lost with the process. */
function tell(made: Made): Promise<void> {
  return new Promise((resolve) => process.send?.(made, () => resolve()));
}
