import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const packages = {
  domain: "packages/domain",
  "memory-adapter": "packages/memory-adapter",
  "redis-adapter": "packages/redis-adapter",
  proto: "proto",
  "grpc-server": "packages/grpc-server",
};

/** The server as it is shipped: JavaScript, without the `source` condition. */
export interface BuiltServer {
  /** Starts it; resolves when it listens. */
  start(environment?: Record<string, string>): Promise<ServerProcess>;
  /** Starts it with settings that it refuses; resolves to how it ended. */
  fail(environment: Record<string, string>): Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: string }>;
  /** Ends what still runs, and removes what was built. */
  remove(): Promise<void>;
}

export interface ServerProcess {
  readonly address: string;
  readonly pid: number;
  readonly log: () => string;
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Builds into a directory of its own: other tests build too, and a half-written `dist` is no server.
 * Type errors are not its business; a file that is missing is.
 */
export function buildServer(): BuiltServer {
  const dir = mkdtempSync(join(tmpdir(), "presence-server-"));
  const scope = join(dir, "node_modules", "@presence");
  for (const [name, source] of Object.entries(packages)) build(join(root, source), join(scope, name));
  const main = join(scope, "grpc-server", "dist", "main.js");
  if (!existsSync(main)) throw new Error(`the build has no ${main}`);
  const running = new Set<ChildProcess>();
  const killAll = () => {
    for (const child of running) child.kill("SIGKILL");
  };
  process.once("exit", killAll);

  function run(environment: Record<string, string>) {
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [main], {
      env: { PATH, PRESENCE_PORT: "0", PRESENCE_METRICS_PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    const text = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      text.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      text.stderr += chunk;
    });
    const exited = once(child, "close").then(([code]: (number | null)[]) => {
      running.delete(child);
      return code ?? null;
    });
    return { child, text, exited };
  }

  return {
    async start(environment = {}) {
      const { child, text, exited } = run(environment);
      const address = new Promise<string>((resolve) => {
        child.stdout.on("data", () => {
          const [, found] = /presence listens on ([^"]+)"/.exec(text.stdout) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      const early = exited.then((code) => Promise.reject(new Error(`the server ended with ${code}:\n${text.stdout}${text.stderr}`)));
      // After the start nobody waits for it any more.
      early.catch(() => {});
      return {
        address: await Promise.race([address, early]),
        pid: child.pid ?? 0,
        log: () => text.stdout + text.stderr,
        exited,
        kill: (signal) => void child.kill(signal),
      };
    },
    async fail(environment) {
      const { text, exited } = run(environment);
      return { code: await exited, ...text };
    },
    async remove() {
      const ends = [...running].map((child) => once(child, "close"));
      killAll();
      await Promise.all(ends);
      process.off("exit", killAll);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function build(source: string, target: string): void {
  mkdirSync(join(target, "node_modules"), { recursive: true });
  cpSync(join(source, "package.json"), join(target, "package.json"));
  for (const data of ["lua", "gen"]) if (existsSync(join(source, data))) symlinkSync(join(source, data), join(target, data));
  linkDependencies(join(source, "node_modules"), join(target, "node_modules"));
  const tsc = join(root, "node_modules", ".bin", "tsc");
  try {
    execFileSync(
      tsc,
      [
        "-p",
        join(source, "tsconfig.build.json"),
        "--outDir",
        join(target, "dist"),
        "--declaration",
        "false",
        "--declarationMap",
        "false",
        "--sourceMap",
        "false",
      ],
      { stdio: "pipe" },
    );
  } catch (error) {
    // It complains about declarations of packages that were not built in place, and builds all the same.
    if (!existsSync(join(target, "dist"))) throw error;
  }
}

/** All but our own packages, which Node finds in the directory above. */
function linkDependencies(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (name.startsWith(".") || name === "@presence") continue;
    symlinkSync(join(from, name), join(to, name));
  }
}
