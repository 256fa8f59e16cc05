import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";

/** A server that listens. */
export interface Served {
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  /** Sends a signal; resolves to the exit code. */
  end(signal: string): Promise<number | null>;
  kill(): Promise<void>;
}

interface Options {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Starts a server by its command, with no more in its environment than what is given; resolves once it listens. */
export async function serve(command: string, args: readonly string[], { cwd, env, uid, gid }: Options): Promise<Served> {
  const { PATH = "" } = process.env;
  const user = uid === undefined || gid === undefined ? {} : { uid, gid };
  const child = spawn(command, [...args], { cwd, env: { PATH, ...env }, stdio: ["ignore", "pipe", "pipe"], ...user });
  const exited = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
  let printed = "";
  const listening = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        const [, address] = /presence listens on ([^"\s]+)/.exec(printed) ?? [];
        if (address !== undefined) resolve(address);
      });
    }
  });
  const early = exited.then((code) => Promise.reject(new Error(`${command} ended with ${code}:\n${printed}`)));
  const address = await Promise.race([listening, early]);
  // From now on it may end.
  early.catch(() => undefined);
  return {
    address,
    env,
    end: (signal) => {
      child.kill(signal as NodeJS.Signals);
      return exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** What `grpc.health.v1.Health/Check` answers, asked by plain HTTP/2; waits up to 5 s for SERVING. */
export async function askHealth(address: string): Promise<string> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const answer = await ask(address);
    if (answer === "SERVING" || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ask(address: string): Promise<string> {
  const session = connect(`http://${address}`);
  try {
    const call = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    // A message without fields: the server as a whole.
    call.end(Buffer.alloc(5));
    const chunks: Buffer[] = [];
    for await (const chunk of call) chunks.push(chunk as Buffer);
    // Field 1 of the answer: the status.
    const [field, value] = Buffer.concat(chunks).subarray(5);
    return field === 8 && value === 1 ? "SERVING" : `status ${value ?? 0}`;
  } finally {
    session.close();
  }
}
