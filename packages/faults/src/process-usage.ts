import { readdirSync, readFileSync } from "node:fs";

/** What a process holds; undefined where this system does not tell (it has no `/proc`) or the process is gone. */
export interface ProcessUsage {
  readonly rssBytes: number | undefined;
  /** Open files and sockets. */
  readonly handles: number | undefined;
}

export function usageOf(pid: number): ProcessUsage {
  return { rssBytes: readRss(pid), handles: attempt(() => readdirSync(`/proc/${pid}/fd`).length) };
}

function readRss(pid: number): number | undefined {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(attempt(() => readFileSync(`/proc/${pid}/status`, "utf8")) ?? "") ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
