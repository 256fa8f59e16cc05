import type { Attack } from "./attack.ts";
import { badCalls, busyCalls, idleStreams } from "./calls.ts";
import { floods, silentConnections } from "./floods.ts";

/** All of them; what is likely to find something comes more often. */
export const attacks: readonly Attack[] = [
  ...Array.from({ length: 12 }, () => badCalls),
  busyCalls,
  idleStreams,
  silentConnections,
  ...floods,
];
