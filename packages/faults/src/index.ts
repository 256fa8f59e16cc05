export { findLies, type Lie } from "./checker.ts";
export { rows } from "./rows/index.ts";
export type { Outcome, Row } from "./rows/row.ts";
export { fullTiming, shortTiming, type Timing } from "./timing.ts";
