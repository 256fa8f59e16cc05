import { status } from "@grpc/grpc-js";
import { type AttachResponse, type PresenceServiceClient, Status, type WatchPresenceResponse } from "@presence/proto";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { connectTo, eventually, Recorded } from "./stream-client.fixture.ts";

let redis: RunningRedis;
let server: RunningServer;
let client: PresenceServiceClient;

beforeEach(async () => {
  redis = await startRedis();
  server = await startServer({ REDIS_URL: redis.url, PRESENCE_LEASE_TTL: "6s", PRESENCE_HEARTBEAT: "1s", PRESENCE_GRACE: "1s" });
  client = connectTo(server.address);
});
afterEach(async () => {
  client.close();
  await server.close();
  await redis.stop();
});

test("a server that cannot reach its store sends attached devices elsewhere within their leases, and keeps its watchers", async () => {
  const stream = client.attach();
  const attached = new Recorded<AttachResponse>(stream);
  const watcher = new Recorded<WatchPresenceResponse>(client.watchPresence({ userIds: ["alice"] }));
  stream.write({ requestId: 1n, request: { $case: "connect", value: { userId: "alice", deviceId: "phone", idleFor: undefined } } });
  await attached.until("connected", (all) => all.some(({ response }) => response?.$case === "connected"));
  await watcher.until("ONLINE", (all) =>
    JSON.stringify(all, (_, value) => (typeof value === "bigint" ? String(value) : value)).includes(`"status":${Status.ONLINE}`),
  );
  await redis.kill();
  await eventually("the end of the attached stream", () => attached.error !== undefined, 4_000);
  expect(attached.error).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining("connect to another") });
  expect(watcher.error).toBeUndefined();
});
