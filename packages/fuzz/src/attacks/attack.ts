import type { Random } from "../random.ts";

/** Whom an attack is made on, and what it is made of. */
export interface Field {
  readonly address: string;
  readonly random: Random;
}

/** One way to be a bad peer, for a second or so. */
export interface Attack {
  readonly name: string;
  /** Resolves to how many calls or frames it sent. What the server does to the connection is no error. */
  run(field: Field): Promise<number>;
}
