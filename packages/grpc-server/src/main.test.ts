import { setTimeout as sleep } from "node:timers/promises";
import { startRedis } from "@presence/redis-fixture";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltServer, buildServer } from "./built-server.fixture.ts";
import { eventually, genericClient } from "./generic-client.fixture.ts";
import { connectTo, Recorded } from "./streams/stream-client.fixture.ts";

let built: BuiltServer;
beforeAll(() => {
  built = buildServer();
}, 120_000);
afterAll(() => built.remove());

describe("the program presence-server", () => {
  test("starts, says where it listens as a JSON line, answers, and ends with 0 on SIGTERM", async () => {
    const server = await built.start();
    const client = genericClient(server.address);
    expect((await client.call("SetStatus", { user_id: "alice", status: "STATUS_DND", message: "on call" })).presence.status).toBe(
      "STATUS_DND",
    );
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    const lines = server
      .log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ level: "info", store: "memory", host: "127.0.0.1", msg: `presence listens on ${server.address}` });
    expect(lines.at(-1)).toMatchObject({ msg: "presence has ended" });
    expect(server.log()).not.toMatch(/alice|on call/);
    client.close();
  });

  test("what callers have given up while it was frozen is not carried out when it thaws", async () => {
    const server = await built.start();
    const client = genericClient(server.address);
    await client.call("GetPresence", { user_id: "alice" });
    server.kill("SIGSTOP");
    // Far more than one read of a socket takes, so that a call comes long before the word that it was given up.
    const users = Array.from({ length: 1_000 }, (_, index) => `${"u".repeat(100)}-${index}`);
    const calls = users.map((user_id) => client.call("Connect", { user_id, device_id: "phone" }, 500));
    const results = await Promise.allSettled(calls);
    // The last of them have to be told the kernel yet.
    await sleep(200);
    server.kill("SIGCONT");
    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    await sleep(500);
    const { presences } = await client.call("BatchGetPresence", { user_ids: users });
    expect(presences.filter(({ status }: { status: string }) => status !== "STATUS_OFFLINE")).toEqual([]);
    client.close();
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("nor is what was asked on an attached stream that its client has given up", async () => {
    const server = await built.start();
    const client = genericClient(server.address);
    const app = connectTo(server.address);
    const stream = app.attach();
    const told = new Recorded(stream);
    const users = Array.from({ length: 500 }, (_, index) => `${"u".repeat(100)}-${index}`);
    const ask = (userId: string) =>
      stream.write({ requestId: 1n, request: { $case: "connect", value: { userId, deviceId: "phone", idleFor: undefined } } });
    ask("alice");
    await told.until("an answer", (messages) => messages.length === 1);
    server.kill("SIGSTOP");
    for (const user of users) ask(user);
    await sleep(200);
    stream.cancel();
    await sleep(200);
    server.kill("SIGCONT");
    await sleep(500);
    const { presences } = await client.call("BatchGetPresence", { user_ids: users });
    expect(presences.filter(({ status }: { status: string }) => status !== "STATUS_OFFLINE")).toEqual([]);
    app.close();
    client.close();
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("SIGTERM lets the call in flight finish", async () => {
    const redis = await startRedis();
    const server = await built.start({ REDIS_URL: redis.url });
    const client = genericClient(server.address);
    await eventually(() => client.call("Connect", { user_id: "alice", device_id: "phone" }));
    // Redis stands still for less than a command may take, so the call is open when the signal comes.
    redis.pause();
    const answer = client.call("GetPresence", { user_id: "alice" });
    await sleep(50);
    server.kill("SIGTERM");
    await sleep(100);
    redis.resume();
    expect((await answer).presence.status).toBe("STATUS_ONLINE");
    expect(await server.exited).toBe(0);
    client.close();
    await redis.stop();
  });

  test("refuses settings with all problems on standard error and exit code 2", async () => {
    const { code, stderr, stdout } = await built.fail({ PRESENCE_LEASE_TTL: "10s", PRESENCE_LEAS_TTL: "20s", PRESENCE_AUTH: "jwt" });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("presence-server: the settings cannot be used:\n");
    for (const part of [
      "PRESENCE_LEASE_TTL is 10s and PRESENCE_HEARTBEAT is 30s",
      "did you mean PRESENCE_LEASE_TTL?",
      "set one of PRESENCE_JWT_KEY and PRESENCE_JWT_JWKS",
    ])
      expect(stderr).toContain(part);
    expect(stderr).not.toContain("    at ");
  });

  test("names the port that is in use, with exit code 1", async () => {
    const server = await built.start();
    const port = server.address.split(":").pop() ?? "";
    const { code, stdout, stderr } = await built.fail({ PRESENCE_PORT: port });
    expect(code).toBe(1);
    expect(stdout).toContain(`port ${port} is in use: set PRESENCE_PORT`);
    expect(stderr).toBe("");
    server.kill("SIGINT");
    expect(await server.exited).toBe(0);
  });

  test("refuses key templates that Redis keys cannot be made of", async () => {
    const { code, stderr } = await built.fail({ REDIS_URL: "redis://127.0.0.1:1", PRESENCE_KEY_PREFIX: "{x}:" });
    expect(code).toBe(2);
    expect(stderr).toContain("PRESENCE_KEY_PREFIX");
  });
});
