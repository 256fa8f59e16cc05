import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import { PresenceServiceClient } from "@presence/proto";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { metadataOf, tokenOf } from "./auth/callers.fixture.ts";
import { secret } from "./auth/keys.fixture.ts";
import { type BuiltServer, buildServer } from "./built-server.fixture.ts";

// Everything that can be told is told: debug, and grpc-js's own traces, which print headers.
const talkative = { LOG_LEVEL: "trace", GRPC_TRACE: "all", GRPC_VERBOSITY: "DEBUG" };
const password = "hunter2-the-password-of-redis";
const sessionId = "the-session-of-alice-0815";

let built: BuiltServer;
let redis: RunningRedis;
let dir: string;
beforeAll(async () => {
  built = buildServer();
  redis = await startRedis();
  dir = mkdtempSync(join(tmpdir(), "presence-secrets-"));
  writeFileSync(join(dir, "key"), secret);
}, 120_000);
afterAll(async () => {
  await built.remove();
  await redis.stop();
  rmSync(dir, { recursive: true });
});

/** Good and bad calls of every shape with this metadata; what they answered, errors with their details. */
async function callAll(address: string, metadata: Metadata): Promise<string> {
  const client = new PresenceServiceClient(address, credentials.createInsecure());
  const deadline = { deadline: Date.now() + 3_000 };
  const told: unknown[] = [];
  const answer = (error: ServiceError | null, value: unknown) =>
    told.push(error === null ? value : [error.message, error.details, error.metadata.toJSON()]);
  client.connect({ userId: "alice", deviceId: "phone", idleFor: undefined }, metadata, deadline, answer);
  client.connect({ userId: "bob", deviceId: "phone", idleFor: undefined }, metadata, deadline, answer);
  client.getPresence({ userId: "no id!" }, metadata, deadline, answer);
  client.getPartyPresence({ partyId: "lobby" }, metadata, deadline, answer);
  const watch = client.watchPresence({ userIds: ["alice"] }, metadata, deadline);
  const attach = client.attach(metadata, deadline);
  for (const stream of [watch, attach]) {
    stream.on("data", (message: unknown) => told.push(message));
    stream.on("error", (error: ServiceError) => told.push([error.message, error.details]));
  }
  attach.write({ requestId: 1n, request: { $case: "connect", value: { userId: "bob", deviceId: "phone", idleFor: undefined } } });
  await sleep(1_000);
  watch.cancel();
  attach.cancel();
  client.close();
  expect(told.length).toBeGreaterThanOrEqual(5);
  return JSON.stringify(told, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

function expectSilence(output: string, secrets: readonly string[]): void {
  for (const word of secrets)
    expect(output.includes(word) ? output.slice(Math.max(0, output.indexOf(word) - 300), output.indexOf(word) + 100) : "").toBe("");
}

describe("neither log nor answers tell", () => {
  test("a session, good or wrong", async () => {
    const auth = new Redis(redis.url);
    await auth.hset("session:alice", { sessionId, roles: "player" });
    const server = await built.start({ ...talkative, PRESENCE_AUTH: "session", REDIS_URL: redis.url });
    let told = "";
    for (const token of [sessionId, "a-wrong-session-4711", "white space in-it-1234"])
      told += await callAll(server.address, metadataOf("alice", token));
    const basic = metadataOf("alice", undefined);
    basic.set("authorization", "Basic c2VjcmV0LWluLWJhc2lj");
    told += await callAll(server.address, basic);
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(server.log()).toContain("grpc-js");
    expect(server.log()).toContain('"level":"debug"');
    auth.disconnect();
    expectSilence(server.log() + told, [sessionId, "a-wrong-session-4711", "in-it-1234", "c2VjcmV0LWluLWJhc2lj"]);
  });

  test("a token, good or wrong, nor its key", async () => {
    const server = await built.start({ ...talkative, PRESENCE_AUTH: "jwt", PRESENCE_JWT_KEY: join(dir, "key") });
    const [good, expired] = [await tokenOf("alice", 60), await tokenOf("alice", -60)];
    const forged = await tokenOf("alice", 60, "admin", Buffer.alloc(40, "x"));
    let told = "";
    for (const token of [good, expired, forged, "not-a-token-at-all"]) told += await callAll(server.address, metadataOf(undefined, token));
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    const signatures = [good, expired, forged].map((token) => token.split(".")[2] ?? "");
    expectSilence(server.log() + told, [...signatures, "not-a-token-at-all", secret.toString()]);
  });

  test("the password of Redis, right or wrong", async () => {
    const admin = new Redis(redis.url);
    await admin.config("SET", "requirepass", password);
    const url = new URL(redis.url);
    url.password = password;
    const right = await built.start({ ...talkative, REDIS_URL: url.toString() });
    let told = await callAll(right.address, metadataOf(undefined, undefined));
    const wrong = await built.start({ ...talkative, REDIS_URL: redis.url, PRESENCE_REDIS_PASSWORD: "a-wrong-password-4711" });
    told += await callAll(wrong.address, metadataOf(undefined, undefined));
    // Commands that fail carry their arguments.
    await admin.config("SET", "requirepass", "another-password");
    for (const server of [right, wrong]) {
      server.kill("SIGTERM");
      await server.exited;
    }
    admin.disconnect();
    expectSilence(right.log() + wrong.log() + told, [password, "a-wrong-password-4711"]);
  });

  test("a password in settings that cannot be used", async () => {
    const { stderr, stdout } = await built.fail({ REDIS_URL: `redis//user:${password}@host`, PRESENCE_PORT: "x" });
    expect(stderr).toContain("PRESENCE_PORT");
    expectSilence(stderr + stdout, [password]);
  });
});
