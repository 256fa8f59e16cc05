export type { Io, Outlet } from "./io.ts";
export { type ExitCode, run } from "./run.ts";
