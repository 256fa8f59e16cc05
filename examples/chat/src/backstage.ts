import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort, startRedis } from "@presence/redis-fixture";

/** Much shorter than in real life, so that the play does not take minutes. README.md has the real values. */
const policy = {
  PRESENCE_LEASE_TTL: "6s",
  PRESENCE_HEARTBEAT: "2s",
  PRESENCE_GRACE: "1s",
  PRESENCE_IDLE_AFTER: "3s",
  PRESENCE_RETENTION: "1m",
};

export interface Stopping {
  stop(): Promise<void>;
}

/** The Redis that `REDIS_URL` names, else one of the play's own, gone with it. */
export async function redisFor(given: string | undefined): Promise<Stopping & { readonly url: string }> {
  return given === undefined || given === "" ? startRedis() : { url: given, stop: async () => {} };
}

/** A presence server in a process of its own. `failed` rejects if it ends before it is stopped. */
export async function startServer(redisUrl: string): Promise<Stopping & { readonly address: string; readonly failed: Promise<never> }> {
  const port = await freePort();
  const child = fork(fileURLToPath(new URL("./server.js", import.meta.url)), {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      PRESENCE_PORT: String(port),
      PRESENCE_METRICS_PORT: "0",
      // Keys of its own: on a Redis that is given, servers with real values may be at work.
      PRESENCE_KEY_PREFIX: "example-chat:",
      LOG_LEVEL: "error",
      ...policy,
    },
  });
  const exited = once(child, "exit");
  let stopping = false;
  const failed = exited.then(async ([code]) => {
    if (stopping) return new Promise<never>(() => {});
    throw new Error(`the presence server ended with ${code}`);
  });
  return {
    address: `127.0.0.1:${port}`,
    failed,
    stop: async () => {
      stopping = true;
      child.kill("SIGTERM");
      await exited;
    },
  };
}
