export { connect, type Connect, heartbeat, type Heartbeat } from "./connect.ts";
export { type Context, type Decision, isVisible, type Refusal } from "./decision.ts";
export { disconnect, drop, kick, sessionEnded, settleDue } from "./leave.ts";
export { outrun } from "./outrun.ts";
export { type ByHand, overrideStatus, type OverrideStatus, reportInactivity, setStatus, type SetStatus } from "./set-status.ts";
