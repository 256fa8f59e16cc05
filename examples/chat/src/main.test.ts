import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { describe, expect, test, vi } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** The command, with all that it starts in one process group. */
class Run {
  readonly child: ChildProcess;
  readonly #closed: Promise<unknown>;
  stdout = "";
  stderr = "";

  constructor(env: Readonly<Record<string, string>> = {}) {
    if (!existsSync(main)) throw new Error(`${main} is missing: build first (script/build)`);
    const child = spawn(process.execPath, [main], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, ...env },
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.child = child;
    this.#closed = once(child, "exit");
  }

  /** The exit code; fails if a process of the group is left. */
  async end(): Promise<number | null> {
    await this.#closed;
    await vi.waitFor(() => expect(this.#isGroupAlive()).toBe(false), { timeout: 10_000 });
    return this.child.exitCode;
  }

  async until(text: string): Promise<void> {
    await vi.waitFor(() => expect(this.stdout).toContain(text), { timeout: 20_000 });
  }

  #isGroupAlive(): boolean {
    try {
      process.kill(-(this.child.pid ?? 0), 0);
      return true;
    } catch {
      return false;
    }
  }
}

const evening = [
  "alice OFFLINE",
  "bob OFFLINE",
  "carol OFFLINE",
  "── alice logs in",
  "alice OFFLINE → ONLINE",
  "── bob logs in",
  "bob OFFLINE → ONLINE",
  "── carol logs in",
  "carol OFFLINE → ONLINE",
  "── they meet in a party",
  "lobby alice joined",
  "lobby bob joined",
  "lobby carol joined",
  "── bob does not want to be disturbed for 3 seconds",
  'bob ONLINE → DND "in a meeting"',
  "bob DND → ONLINE",
  "── alice looks away; after 3 seconds she counts as idle",
  "alice ONLINE → AWAY",
  "── alice is back",
  "alice AWAY → ONLINE",
  "── carol's app crashes; it has a second to come back",
  "carol ONLINE → OFFLINE",
  "── bob leaves the party",
  "lobby bob left",
  "── alice logs out: her session is deleted, and her app learns it",
  "alice ONLINE → OFFLINE",
  "── bob quits his app",
  "bob ONLINE → OFFLINE",
];

describe.concurrent("the chat", () => {
  test("plays an evening, of which a friend sees everything in its order, and leaves no process behind", { timeout: 90_000 }, async () => {
    const run = new Run();
    const exitCode = await run.end();
    expect(run.stderr).toBe("");
    const lines = run.stdout.trimEnd().split("\n");
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d {2}\S/);
    expect(tidy(lines)).toEqual(evening);
    expect(exitCode).toBe(0);
  });

  test("ends everything that it started when it is ended, and on a Redis that is given leaves no session", {
    timeout: 60_000,
  }, async () => {
    const redis = await startRedis();
    const run = new Run({ REDIS_URL: redis.url });
    await run.until("bob    OFFLINE → ONLINE");
    run.child.kill("SIGTERM");
    expect(await run.end()).toBe(1);
    expect(run.stderr).toContain("SIGTERM");
    const client = new Redis(redis.url);
    expect(await client.keys("session:*")).toEqual([]);
    client.disconnect();
    await redis.stop();
  });

  test("and when it dies", { timeout: 60_000 }, async () => {
    const run = new Run();
    await run.until("alice  OFFLINE → ONLINE");
    run.child.kill("SIGKILL");
    expect(await run.end()).toBeNull();
  });

  test("does not end the sessions of others", { timeout: 60_000 }, async () => {
    const redis = await startRedis();
    const client = new Redis(redis.url);
    await client.hset("session:bob", { sessionId: "1" });
    const run = new Run({ REDIS_URL: redis.url });
    expect(await run.end()).toBe(1);
    expect(run.stderr).toContain("has a session of bob already");
    expect(await client.exists("session:bob")).toBe(1);
    client.disconnect();
    await redis.stop();
  });
});

/** Lines without their seconds, and those who joined together in the order of their names. */
function tidy(lines: readonly string[]): string[] {
  const texts = lines.map((line) => line.slice("00:00  ".length).replaceAll(/ +/g, " "));
  const joined = texts.filter((text) => text.endsWith(" joined")).sort();
  const first = ["alice OFFLINE", "bob OFFLINE", "carol OFFLINE"];
  expect(texts.slice(0, 3).sort()).toEqual(first);
  return [...first, ...texts.slice(3).map((text) => (text.endsWith(" joined") ? (joined.shift() ?? text) : text))];
}
