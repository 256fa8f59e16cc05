import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askRedis } from "./ask-redis.ts";
import { freePort } from "./free-port.ts";
import { isServing } from "./is-serving.ts";
import { watchOver } from "./watchdog.ts";

export interface StartRedisOptions {
  /** More arguments of `redis-server`, such as `["--appendonly", "yes"]`. By default nothing is kept on disk. */
  readonly args?: readonly string[];
  /** Makes it a sentinel with these lines in its configuration file, which it rewrites itself. */
  readonly sentinel?: readonly string[];
}

/** A real Redis server of a test's own. */
export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  /** Where it keeps its files. */
  readonly dir: string;
  readonly pid: number;
  /** Ends it, and removes its files. */
  stop(): Promise<void>;
  /** SIGKILL; its files stay for `restart`. */
  kill(): Promise<void>;
  /** Ends it if it runs, and starts it again on the same port and files. */
  restart(): Promise<void>;
  /** SIGSTOP: it does not answer, but its connections stay open. */
  pause(): void;
  resume(): void;
  /** Sends one command, such as `SAVE`. @throws Error where nobody answers, or the answer is an error */
  ask(command: string): Promise<unknown>;
}

const startTimeoutMs = 10_000;
const maxPorts = 5;

/**
 * Starts `redis-server` on a free loopback port. It does not outlive this process, however that ends.
 * @throws Error where it is not installed or does not come up
 */
export async function startRedis({ args = [], sentinel }: StartRedisOptions = {}): Promise<RunningRedis> {
  const dir = mkdtempSync(join(tmpdir(), "presence-redis-"));
  let port = 0;
  let command: readonly string[];
  let child: ChildProcess;
  try {
    for (let attempt = 1; ; attempt++) {
      port = await freePort();
      try {
        const fixed = { port: String(port), bind: "127.0.0.1", dir };
        command = sentinel === undefined ? serverCommand(fixed, args) : sentinelCommand(fixed, sentinel);
        child = await launch(port, dir, command);
        break;
      } catch (error) {
        // Somebody else took the port after we had found it free.
        if (attempt === maxPorts || !String(error).includes("Address already in use")) throw error;
      }
    }
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid ?? 0;
    },
    async stop() {
      await end(child);
      rmSync(dir, { recursive: true, force: true });
    },
    kill: () => end(child),
    async restart() {
      await end(child);
      child = await launch(port, dir, command);
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    ask: (command) => askRedis(port, command),
  };
}

type Fixed = Readonly<Record<"port" | "bind" | "dir", string>>;

function serverCommand(fixed: Fixed, args: readonly string[]): readonly string[] {
  const fixedArgs = Object.entries(fixed).flatMap(([name, value]) => [`--${name}`, value]);
  return [...fixedArgs, "--save", "", "--appendonly", "no", "--daemonize", "no", ...args];
}

function sentinelCommand(fixed: Fixed, lines: readonly string[]): readonly string[] {
  const file = join(fixed.dir, "sentinel.conf");
  writeFileSync(file, [...Object.entries(fixed).map((entry) => entry.join(" ")), ...lines, ""].join("\n"));
  return [file, "--sentinel"];
}

async function launch(port: number, dir: string, command: readonly string[]): Promise<ChildProcess> {
  const child = spawn("redis-server", command, { stdio: ["ignore", "pipe", "pipe"] });
  watchOver(child, dir);
  let log = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (text) => {
      log = `${log}${text}`.slice(-4_000);
    });
  }
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? new Error("redis-server not found on PATH; install it, e.g. apt-get install redis-server", { cause: error })
          : error,
      ),
    );
    // "close" comes after the last line of the log, "exit" before it.
    child.once("close", (code) => reject(new Error(`redis-server ended with ${code}:\n${log}`)));
  });
  try {
    await Promise.race([serves(child, port), failed]);
  } catch (error) {
    await end(child);
    throw error;
  }
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function serves(child: ChildProcess, port: number): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; child.exitCode === null; ) {
    if (child.pid !== undefined && (await isServing(port, child.pid))) return;
    if (Date.now() > deadline) throw new Error(`redis-server does not answer on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // It has ended: why, "close" tells.
  await new Promise(() => {});
}
