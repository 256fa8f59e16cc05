export type { Doubt, DoubtReason, History, LastMove, Replayed, Unreached } from "./history.ts";
export { recordedStore } from "./recorded-store.ts";
export { replay, TraceReader } from "./replay.ts";
export { TraceRecorder, type TraceRecorderOptions } from "./trace-recorder.ts";
