import { attacks, type Damage } from "./attacks.ts";

/** A process that attacks a server in every way it knows, and reports on its standard output how that went. */
export interface AttackReport {
  readonly damages: readonly Damage[];
}

const [address = "", size = "1"] = process.argv.slice(2);
const damages: Damage[] = [];
for (const attack of attacks) damages.push(await attack(address, Number(size)));
process.stdout.write(JSON.stringify({ damages } satisfies AttackReport));
process.exit(0);
