export { findLies } from "./checker.ts";
export type { Lie } from "./lie.ts";
export { rows } from "./rows/index.ts";
export type { Outcome, Row } from "./rows/row.ts";
export { fullTiming, shortTiming, type Timing } from "./timing.ts";
