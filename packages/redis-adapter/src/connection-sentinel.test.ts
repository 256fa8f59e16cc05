import { type RunningSentinels, startSentinels } from "@presence/redis-fixture";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { connectRedis } from "./connection.ts";

const silent = { info: () => {}, warn: () => {} };

let group: RunningSentinels;
let client: Redis;
beforeAll(async () => {
  group = await startSentinels({ replicas: 1 });
}, 60_000);
afterAll(() => group.stop());
afterEach(() => client.disconnect());

const connect = () => connectRedis({ sentinels: group.addresses.split(","), master: group.masterName }, "a test", silent);
const works = () => vi.waitFor(() => client.ping(), { timeout: 5_000, interval: 10 });

test("a connection comes back where a failover is announced while it asks for the master", async () => {
  client = connect();
  await works();
  // What ioredis' detector of failovers does; it has no public name.
  const { connector } = client as unknown as { readonly connector: { disconnect(): void } };
  client.once("connecting", () => setImmediate(() => connector.disconnect()));
  const ended = new Promise((resolve) => client.once("end", resolve));
  client.stream.destroy();
  await ended;
  await works();
});

test("a connection that we end stays ended", async () => {
  client = connect();
  await works();
  client.disconnect();
  await vi.waitFor(() => expect(client.status).toBe("end"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(client.status).toBe("end");
});
