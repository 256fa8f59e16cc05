import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "@presence/redis-fixture";

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The real server in a process of its own. */
export interface PresenceServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** What a run of the command left behind. */
export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const startTimeoutMs = 15_000;

/**
 * Starts the built server on a free loopback port, with the memory store unless `env` names a Redis.
 * @throws Error where it is not built or does not come up
 */
export async function startPresenceServer(env: Readonly<Record<string, string>> = {}): Promise<PresenceServer> {
  const port = await freePort();
  const child = startBuilt(serverMain(), [], { PRESENCE_PORT: String(port), ...env });
  const finished = finish(child);
  const deadline = performance.now() + startTimeoutMs;
  while (!(await accepts(port))) {
    if (child.exitCode === null && performance.now() < deadline) {
      await sleep(25);
      continue;
    }
    child.kill("SIGKILL");
    const { stdout, stderr } = await finished;
    throw new Error(`the presence server did not come up:\n${stdout}${stderr}`);
  }
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      child.kill("SIGTERM");
      await finished;
    },
  };
}

/** Runs the built command in a pipe until it ends. */
export async function runBuilt(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  return finish(startBuilt(commandMain, argv, env));
}

/** Runs the built command for a reader that goes away after the first bytes. */
export async function runBuiltForHead(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  const child = startBuilt(commandMain, argv, env);
  child.stdout.once("data", () => child.stdout.destroy());
  return finish(child);
}

const commandMain = fileURLToPath(new URL("../dist/main.js", import.meta.url));

function serverMain(): string {
  const require = createRequire(import.meta.url);
  // Tests resolve packages to their sources; processes run what is built beside them.
  return join(dirname(require.resolve("@presence/grpc-server")), "..", "dist", "main.js");
}

function startBuilt(file: string, argv: readonly string[], env: Readonly<Record<string, string>>): Child {
  if (!existsSync(file)) throw new Error(`${file} is missing: build first (pnpm build)`);
  return spawn(process.execPath, [file, ...argv], { stdio: ["ignore", "pipe", "pipe"], env: { ...env } });
}

async function finish(child: Child): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { exitCode, stdout, stderr };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
