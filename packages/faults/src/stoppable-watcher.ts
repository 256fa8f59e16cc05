import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StoppedWatcherReport } from "./stopped-watcher.ts";

const main = fileURLToPath(new URL("../dist/stopped-watcher.js", import.meta.url));

/** A watcher in a process of its own, so that it can be stopped: its connection stays open, and nobody reads. */
export class StoppableWatcher {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(address: string, users: readonly string[]) {
    const child = spawn(process.execPath, [main, address, ...users], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface(child.stdout);
  }

  stop(): void {
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  async report(): Promise<StoppedWatcherReport> {
    const line = once(this.#lines, "line");
    this.#child.stdin?.write("report\n");
    const [text] = (await line) as [string];
    return JSON.parse(text) as StoppedWatcherReport;
  }

  async end(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
