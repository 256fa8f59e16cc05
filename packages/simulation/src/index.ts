export { type HistorySummary, playHistory } from "./history.ts";
export { BrokenPromise } from "./truth.ts";
