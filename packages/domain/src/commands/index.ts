export { connect, heartbeat } from "./connect.ts";
export { type Context, type Decision, isVisible, type Refusal } from "./decision.ts";
export { disconnect, drop, kick, sessionEnded, settleDue } from "./leave.ts";
export { outrun } from "./outrun.ts";
export { restored } from "./restore.ts";
export { overrideStatus, reportInactivity, setStatus } from "./set-status.ts";
