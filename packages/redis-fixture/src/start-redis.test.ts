import { spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { askRedis } from "./ask-redis.ts";
import { freePort } from "./free-port.ts";
import { isServing } from "./is-serving.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";
import { watchdogCommand } from "./watchdog.ts";

let redis: RunningRedis | undefined;
afterEach(() => redis?.stop());

test("a real server starts, is killed, comes back empty on the same port, and ends", async () => {
  redis = await startRedis();
  const { port, dir, pid } = redis;
  expect(await askRedis(port, "SET a 1")).toBe("OK");
  expect([await isServing(port, pid), await isServing(port, pid + 1)]).toEqual([true, false]);
  await redis.kill();
  await expect(askRedis(port, "PING")).rejects.toThrow("ECONNREFUSED");
  await redis.restart();
  expect(redis.pid).not.toBe(pid);
  expect(await askRedis(port, "EXISTS a")).toBe(0);
  await redis.stop();
  await expect(askRedis(port, "PING")).rejects.toThrow("ECONNREFUSED");
  expect(existsSync(dir)).toBe(false);
});

test("what is kept on disk comes back after a kill", async () => {
  redis = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
  expect(await redis.ask("SET a 1")).toBe("OK");
  await redis.kill();
  await redis.restart();
  expect(await redis.ask("EXISTS a")).toBe(1);
});

test("a paused server does not answer until it goes on, and can be ended while it is paused", async () => {
  redis = await startRedis();
  redis.pause();
  await expect(redis.ask("PING")).rejects.toThrow("timed out");
  redis.resume();
  expect(await redis.ask("PING")).toBe("PONG");
  redis.pause();
  await redis.stop();
  await expect(redis.ask("PING")).rejects.toThrow("ECONNREFUSED");
});

test("several servers at once are each on a port of their own", async () => {
  const all = await Promise.all([startRedis(), startRedis(), startRedis()]);
  expect(new Set(all.map(({ port }) => port)).size).toBe(3);
  await Promise.all(all.map((one) => one.stop()));
});

test("a server that does not come up says why", async () => {
  await expect(startRedis({ args: ["--no-such-setting", "1"] })).rejects.toThrow(/redis-server ended with 1:[\s\S]*no-such-setting/);
});

test("without redis-server the error says how to get it", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    await expect(startRedis()).rejects.toThrow("redis-server not found on PATH; install it, e.g. apt-get install redis-server");
  } finally {
    process.env.PATH = path;
  }
});

test("a server may have a password", async () => {
  redis = await startRedis({ args: ["--requirepass", "secret"] });
  await expect(redis.ask("PING")).rejects.toThrow("NOAUTH");
});

test("nobody serves on a free port", async () => {
  expect(await isServing(await freePort(), process.pid)).toBe(false);
});

test("a server and its files do not outlive the process that started it, even if that is killed", async () => {
  const dir = mkdtempSync(join(tmpdir(), "presence-watchdog-"));
  const server = spawn("sleep", ["60"], { stdio: "ignore" });
  const ended = new Promise((resolve) => server.once("exit", (_, signal) => resolve(signal)));
  // A process that starts the watchdog as `watchOver` does, and waits.
  const source = `
    const [command, ...args] = process.argv.slice(1);
    require("node:child_process").spawn(command, args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
    console.log("watching");
    setInterval(() => {}, 1_000);
  `;
  const owner = spawn(process.execPath, ["-e", source, ...watchdogCommand(server.pid ?? 0, dir)], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => owner.stdout.once("data", resolve));
  owner.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  await expect.poll(() => existsSync(dir)).toBe(false);
});
