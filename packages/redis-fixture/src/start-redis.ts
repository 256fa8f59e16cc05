import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

export interface StartRedisOptions {
  /** More arguments of `redis-server`, such as `["--appendonly", "yes"]`. By default nothing is kept on disk. */
  readonly args?: readonly string[];
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
  /** Starts it again on the same port and files, after `kill`. */
  restart(): Promise<void>;
  /** SIGSTOP: it does not answer, but its connections stay open. */
  pause(): void;
  resume(): void;
}

const startTimeoutMs = 10_000;

/**
 * Starts `redis-server` on a free loopback port.
 * @throws Error where it is not installed or does not come up
 */
export async function startRedis({ args = [] }: StartRedisOptions = {}): Promise<RunningRedis> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "presence-redis-"));
  let child = await launch(port, dir, args);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    // A stopped process dies only when it goes on.
    child.kill("SIGCONT");
    await exited;
  };
  // A test process that dies must not leave servers behind.
  const onExit = () => child.kill("SIGKILL");
  process.once("exit", onExit);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid ?? 0;
    },
    async stop() {
      await end("SIGKILL");
      process.off("exit", onExit);
      rmSync(dir, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGKILL");
      child = await launch(port, dir, args);
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
  };
}

async function launch(port: number, dir: string, args: readonly string[]): Promise<ChildProcess> {
  const fixed = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no"];
  const child = spawn("redis-server", [...fixed, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stdout.on("data", (text) => {
    log = `${log}${text}`.slice(-4_000);
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new Error("redis-server is not on PATH; install it, e.g. with `apt-get install redis-server`") : error),
    );
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}:\n${log}`)));
  });
  await Promise.race([answers(port), failed]);
  return child;
}

async function answers(port: number): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; ; ) {
    if (await pings(port)) return;
    if (Date.now() > deadline) throw new Error(`redis-server does not answer on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.setTimeout(500, () => socket.destroy());
    socket.on("data", (data) => {
      // LOADING is an answer too, but not the one we wait for.
      resolve(data.toString().startsWith("+PONG"));
      socket.destroy();
    });
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
}
