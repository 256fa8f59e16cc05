import pc from "picocolors";
import type { Io, Outlet } from "./io.ts";

/** `table` for people, `plain` for pipes (tab-separated, one entry a line), `json` for programs (one object a line). */
type Format = "table" | "plain" | "json";

export type Colors = ReturnType<typeof pc.createColors>;

/** How answers are shown. */
export interface Look {
  readonly format: Format;
  readonly colors: Colors;
  /** Width of the terminal. */
  readonly columns: number;
  readonly now: Date;
}

interface LookOptions {
  readonly json?: boolean;
  readonly color?: boolean;
}

const defaultColumns = 80;

export function lookOf(io: Io, options: LookOptions): Look {
  const format = options.json ? "json" : io.out.isTTY ? "table" : "plain";
  return { format, colors: colorsFor(io.out, io, options), columns: io.out.columns ?? defaultColumns, now: io.now() };
}

/** Colours only on a terminal that can show them, and only for who wants them (https://no-color.org). */
export function colorsFor(outlet: Outlet, io: Io, options: LookOptions): Colors {
  const unwanted = options.color === false || (io.env.NO_COLOR ?? "") !== "" || io.env.TERM === "dumb";
  return pc.createColors(outlet.isTTY && !unwanted);
}
