import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { status } from "@grpc/grpc-js";
import { presencePolicy } from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { afterEach, describe, expect, test } from "vitest";
import { composeServer } from "../composition-root.ts";
import { readConfig } from "../config.ts";
import { eventually } from "../generic-client.fixture.ts";
import { createLogger } from "../logger.ts";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { metricsUrl } from "./scrape.fixture.ts";

const servers: RunningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A server whose store answers sweeps only while `answering` says so. */
async function start(answering: () => boolean = () => true): Promise<{ server: RunningServer; url: string }> {
  const { store, ...rest } = memoryAdapter({ policy: presencePolicy() });
  const claimDue = store.claimDue.bind(store);
  store.claimDue = (limit) => (answering() ? claimDue(limit) : Promise.reject(new Error("away")));
  const server = await startServer({}, { backend: { ...rest, store, close: () => {} } });
  servers.push(server);
  return { server, url: metricsUrl(server.log()) };
}

async function answer(url: string, method = "GET"): Promise<{ status: number; body: string; type: string | null }> {
  const response = await fetch(url, { method });
  return { status: response.status, body: await response.text(), type: response.headers.get("content-type") };
}

describe("the endpoint for metrics and probes", () => {
  test("serves the text format of Prometheus at /metrics, with the figures of Node as well", async () => {
    const { url } = await start();
    const { status: code, type, body } = await answer(`${url}/metrics`);
    expect(code).toBe(200);
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const name of [
      "presence_build_info",
      "nodejs_eventloop_lag_p99_seconds",
      "nodejs_heap_size_used_bytes",
      "process_cpu_seconds_total",
    ])
      expect(body).toContain(`# HELP ${name} `);
  });

  test("HEAD has no body, other methods are refused, and other paths are not found", async () => {
    const { url } = await start();
    expect(await answer(`${url}/healthz`, "HEAD")).toMatchObject({ status: 200, body: "" });
    expect(await answer(`${url}/healthz`, "POST")).toMatchObject({ status: 405 });
    expect(await answer(`${url}/`)).toMatchObject({ status: 404 });
    expect(await answer(`${url}/metrics?format=text`)).toMatchObject({ status: 200 });
  });

  test("/healthz says that the process lives, /readyz that it can tell the truth", async () => {
    let answering = false;
    const { url, server } = await start(() => answering);
    expect(await answer(`${url}/healthz`)).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
    await eventually(async () =>
      expect(await answer(`${url}/readyz`)).toMatchObject({
        status: 503,
        body: '{"status":"not ready","reason":"the store does not answer"}\n',
      }),
    );
    answering = true;
    await eventually(async () => expect(await answer(`${url}/readyz`)).toMatchObject({ status: 200, body: '{"status":"ready"}\n' }));
    answering = false;
    await eventually(async () => expect((await answer(`${url}/readyz`)).status).toBe(503));
    expect((await answer(`${url}/healthz`)).status).toBe(200);
    await server.stop();
    await expect(answer(`${url}/healthz`)).rejects.toThrow();
  });

  test("while calls in flight finish, probes are told that the server is ending", async () => {
    const { store, ...rest } = memoryAdapter({ policy: presencePolicy() });
    let answerLoad = () => {};
    const load = store.load.bind(store);
    store.load = async (userIds) => {
      await new Promise<void>((resolve) => {
        answerLoad = resolve;
      });
      return load(userIds);
    };
    const server = await startServer({}, { backend: { ...rest, store, close: () => {} } });
    servers.push(server);
    const url = metricsUrl(server.log());
    await eventually(async () => expect((await answer(`${url}/readyz`)).status).toBe(200));
    const call = server.client.call("GetPresence", { user_id: "alice" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopped = server.stop();
    expect(await answer(`${url}/readyz`)).toMatchObject({ status: 503, body: '{"status":"not ready","reason":"the server is ending"}\n' });
    answerLoad();
    await expect(call).resolves.toMatchObject({ presence: { status: "STATUS_OFFLINE" } });
    await stopped;
  });

  test("a peer that sends nonsense, or nothing at all, stops nobody else", async () => {
    const { url } = await start();
    const { port } = new URL(url);
    const idle = Array.from({ length: 10 }, () => httpRequest({ port, host: "127.0.0.1", method: "GET", path: "/healthz" }));
    for (const request of idle) {
      request.on("error", () => {});
      request.flushHeaders();
      request.socket?.write("\0\0\0");
    }
    expect((await answer(`${url}/healthz`)).status).toBe(200);
    for (const request of idle) request.destroy();
  });
});

describe("PRESENCE_METRICS_PORT", () => {
  async function listen(environment: Record<string, string>): Promise<string> {
    let log = "";
    const sink = {
      write(line: string) {
        log += line;
      },
    };
    const { server, close } = composeServer(readConfig({ PRESENCE_PORT: "0", ...environment }), createLogger("info", sink));
    try {
      await server.start();
    } finally {
      await close();
    }
    return log;
  }

  test("in use, it stops the start with its name", async () => {
    const { url } = await start();
    const { port } = new URL(url);
    await expect(listen({ PRESENCE_METRICS_PORT: port })).rejects.toThrow(
      `port ${port} for metrics and probes is in use: set PRESENCE_METRICS_PORT to another one`,
    );
  });

  test("unset and in use, say by a second server on this machine, it is a warning", async () => {
    const other = createServer().listen(9464, "127.0.0.1");
    // Where a stranger has the default port already, so much the better.
    await Promise.race([once(other, "listening"), once(other, "error").catch(() => {})]).catch(() => {});
    const log = await listen({});
    expect(log).toContain("port 9464 for metrics and probes is in use: set PRESENCE_METRICS_PORT");
    expect(log).toContain("presence listens");
    expect(log).not.toContain("metricsPort");
    other.close();
  });

  test("off, there are none, and calls are answered all the same", async () => {
    const server = await startServer({ PRESENCE_METRICS_PORT: "off" });
    servers.push(server);
    expect(() => metricsUrl(server.log())).toThrow("no metrics port");
    await expect(server.client.call("GetPresence", { user_id: "alice" })).resolves.toBeDefined();
    expect(status.OK).toBe(0);
  });

  test("must not be the port of the service", () => {
    expect(() => readConfig({ PRESENCE_METRICS_PORT: "50051" })).toThrow("PRESENCE_PORT and PRESENCE_METRICS_PORT are both 50051");
  });
});
