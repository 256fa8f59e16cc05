import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@presence/redis-fixture";

const startTimeoutMs = 60_000;
/** Two at a time: more would only keep each other waiting. */
const starting: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];

/** None of them outlives this process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** The real server, as it is shipped, in a process of its own. It keeps its address when it is started again. */
export class ServerProcess {
  readonly address: string;
  readonly #port: number;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #nodeArgs: readonly string[];
  #child: ChildProcess | undefined;
  #log = "";

  private constructor(port: number, environment: Readonly<Record<string, string>>, nodeArgs: readonly string[]) {
    this.#port = port;
    this.address = `127.0.0.1:${port}`;
    this.#environment = environment;
    this.#nodeArgs = nodeArgs;
  }

  /**
   * @param nodeArgs more arguments of `node`, before the server's file
   * @throws Error where the server is not built or does not come up
   */
  static async start(environment: Readonly<Record<string, string>>, nodeArgs: readonly string[] = []): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), environment, nodeArgs);
    const turn = starting.shift();
    const started = Promise.resolve(turn).then(() => server.start());
    // The next one begins however this one has ended.
    starting.push(started.catch(() => {}));
    await started;
    return server;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Of the last process that has ended by itself or by SIGTERM. */
  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  /** The last of what it logged. */
  get log(): string {
    return this.#log;
  }

  /** Starts it where it has ended. Resolves when it listens. */
  async start(): Promise<void> {
    const main = mainFile();
    if (!existsSync(main)) throw new Error(`${main} is missing: build first (script/build)`);
    const { PATH = "" } = process.env;
    const env = { PATH, PRESENCE_PORT: String(this.#port), PRESENCE_METRICS_PORT: "0", ...this.#environment };
    const child = spawn(process.execPath, [...this.#nodeArgs, main], { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding("utf8").on("data", (text: string) => {
        this.#log = `${this.#log}${text}`.slice(-20_000);
      });
    }
    for (const deadline = performance.now() + startTimeoutMs; !(await accepts(this.#port)); await sleep(25)) {
      if (child.exitCode === null && performance.now() < deadline) continue;
      child.kill("SIGKILL");
      throw new Error(`the presence server did not come up:\n${this.#log}`);
    }
  }

  /** SIGSTOP: nothing of it runs, but its connections stay open. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** SIGTERM: it ends in good order. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.runs) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exited;
  }
}

function mainFile(): string {
  const require = createRequire(import.meta.url);
  // Tests resolve packages to their sources; processes run what is built beside them.
  return join(dirname(require.resolve("@presence/grpc-server")), "..", "dist", "main.js");
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
