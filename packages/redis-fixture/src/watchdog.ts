import { type ChildProcess, spawn } from "node:child_process";

// Its standard input is a pipe of ours: the end of that is the end of us, whatever ended us.
const script = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';

/** Ends `child` and removes its files when this process dies without doing so: an exit handler does not run after a SIGKILL. */
export function watchOver(child: ChildProcess, dir: string): void {
  if (child.pid === undefined) return;
  const [command, ...args] = watchdogCommand(child.pid, dir);
  // Detached: a Ctrl-C that ends the whole group must not end the watchdog first.
  const watchdog = spawn(command, args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // Without a shell there is no watchdog, and tests run all the same.
  watchdog.on("error", () => {});
  watchdog.stdin.on("error", () => {});
  watchdog.unref();
  // The id of a process that has ended may be given to another.
  child.once("exit", () => watchdog.kill("SIGKILL"));
}

/** Waits for the end of its standard input, then ends a process and removes a folder. */
export function watchdogCommand(pid: number, dir: string): readonly [command: string, ...args: string[]] {
  return ["sh", "-c", script, "watchdog", String(pid), dir];
}
