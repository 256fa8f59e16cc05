import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { PresenceServiceClient } from "@presence/proto";
import { freePort } from "@presence/redis-fixture";

const startMs = 15_000;
const logLimit = 50_000;
/** None of them outlives this process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A real server in a process of its own, and what can be seen of it from outside. */
export class Target {
  readonly name: string;
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #credentials: ChannelCredentials;
  #log = "";
  #faults = 0;

  private constructor(name: string, address: string, child: ChildProcess, shown: ChannelCredentials) {
    this.name = name;
    this.address = address;
    this.#child = child;
    this.#credentials = shown;
    running.add(child);
    child.once("exit", () => running.delete(child));
    let rest = "";
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding("utf8").on("data", (text: string) => {
        const lines = `${rest}${text}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.#heard(line);
      });
    }
  }

  /**
   * @param shown what a well-behaved client shows it, where it asks for TLS
   * @throws Error where the server is not built or does not come up
   */
  static async start(
    name: string,
    environment: Readonly<Record<string, string>>,
    shown: ChannelCredentials = credentials.createInsecure(),
  ): Promise<Target> {
    const main = mainFile();
    if (!existsSync(main)) throw new Error(`${main} is missing: build first (script/build)`);
    const port = String(await freePort());
    const { PATH = "" } = process.env;
    const env = { PATH, PRESENCE_PORT: port, PRESENCE_METRICS_PORT: "0", LOG_LEVEL: "warn", ...environment };
    const child = spawn(process.execPath, ["--enable-source-maps", main], { env, stdio: ["ignore", "pipe", "pipe"] });
    const target = new Target(name, `127.0.0.1:${port}`, child, shown);
    for (const deadline = performance.now() + startMs; (await target.answerMs(500)) === undefined; await sleep(50)) {
      if (target.runs && performance.now() < deadline) continue;
      child.kill("SIGKILL");
      throw new Error(`the server did not come up:\n${target.log}`);
    }
    return target;
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Log lines of errors: faults of the server that no peer should be able to cause. */
  get faults(): number {
    return this.#faults;
  }

  /** The last of its warnings and errors. */
  get log(): string {
    return this.#log;
  }

  /** Resident memory in MB, as Linux counts it. */
  get rssMb(): number {
    const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8")) ?? [];
    return Number(kb) / 1_024;
  }

  /** How long a well-behaved client waits for its answer, whatever that says; undefined: it got none in time. */
  async answerMs(deadlineMs: number): Promise<number | undefined> {
    // Node warns of an address in the place of a TLS server's name.
    const options = { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "localhost" };
    const client = new PresenceServiceClient(this.address, this.#credentials, options);
    const startedAt = performance.now();
    try {
      return await new Promise((resolve) => {
        client.getPresence({ userId: "probe" }, { deadline: Date.now() + deadlineMs } as never, (error) => {
          // UNAVAILABLE and DEADLINE_EXCEEDED are no answers.
          resolve(error === null || ![4, 14].includes(error.code) ? performance.now() - startedAt : undefined);
        });
      });
    } finally {
      client.close();
    }
  }

  /** Ends it in good order. Resolves to its exit code; null: it had to be killed. */
  async stop(timeoutMs = 12_000): Promise<number | null> {
    if (!this.runs) return this.#child.exitCode;
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.kill("SIGTERM");
    await Promise.race([exited, sleep(timeoutMs, undefined, { ref: false })]);
    if (this.runs) this.#child.kill("SIGKILL");
    return this.#child.exitCode;
  }

  #heard(line: string): void {
    if (!/"level":"(warn|info)"/.test(line)) this.#faults++;
    this.#log = `${this.#log}${line}\n`.slice(-logLimit);
  }
}

function mainFile(): string {
  const require = createRequire(import.meta.url);
  // Tests resolve packages to their sources; processes run what is built beside them.
  return join(dirname(require.resolve("@presence/grpc-server")), "..", "dist", "main.js");
}
