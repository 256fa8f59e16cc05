export { fuzz, type Report } from "./fuzz.ts";
export { summary } from "./summary.ts";
export { startTargets } from "./targets.ts";
