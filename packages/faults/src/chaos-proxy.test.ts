import { setTimeout as sleep } from "node:timers/promises";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ChaosProxy } from "./chaos-proxy.ts";

let redis: RunningRedis;
let proxy: ChaosProxy;
let commands: Redis;
let subscriber: Redis;
let heard: string[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

beforeEach(async () => {
  proxy = await ChaosProxy.start(redis.port);
  const options = { retryStrategy: () => null, maxRetriesPerRequest: 0 };
  commands = new Redis(proxy.url, options);
  subscriber = new Redis(proxy.url, options);
  for (const client of [commands, subscriber]) client.on("error", () => {});
  heard = [];
  subscriber.on("message", (_, message: string) => heard.push(message));
  await subscriber.subscribe("news");
  await commands.ping();
});
afterEach(async () => {
  commands.disconnect();
  subscriber.disconnect();
  await proxy.close();
});

test("without trouble everything passes, however large", async () => {
  const large = "x".repeat(1_000_000);
  await commands.set("a", large);
  expect(await commands.get("a")).toBe(large);
  await redis.ask("PUBLISH news one");
  await expect.poll(() => heard).toEqual(["one"]);
});

test("published messages get lost while PINGs are answered, and pass again afterwards", async () => {
  proxy.make({ swallowMessages: true });
  await redis.ask("PUBLISH news lost");
  expect(await subscriber.ping()).toEqual(["pong", ""]);
  proxy.make({});
  await redis.ask("PUBLISH news told");
  await expect.poll(() => heard).toEqual(["told"]);
});

test("a deaf subscriber hears nothing at all, and others do not suffer", async () => {
  expect(proxy.deaden()).toBe(1);
  const answer = subscriber.ping().then(
    () => "answered",
    () => "cut",
  );
  expect(await Promise.race([answer, sleep(300).then(() => "nothing")])).toBe("nothing");
  expect(await commands.ping()).toBe("PONG");
});

test("what is late arrives late and in order", async () => {
  proxy.make({ answersLateMs: 200 });
  const startedAt = performance.now();
  const first = commands.incr("n");
  proxy.make({});
  const second = commands.incr("n");
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  proxy.make({ requestsLateMs: 200 });
  await commands.incr("n");
  expect(performance.now() - startedAt).toBeGreaterThan(195);
});

test("a stalled link delivers when it goes on", async () => {
  proxy.make({ stalled: true });
  const answer = commands.ping();
  expect(await Promise.race([answer, sleep(200).then(() => "nothing")])).toBe("nothing");
  proxy.make({});
  expect(await answer).toBe("PONG");
});

test("connections are cut, and refused while it is closed", async () => {
  const ended = new Promise((resolve) => subscriber.once("close", () => resolve("ended")));
  expect(proxy.cut("subscribers")).toBe(1);
  expect(await ended).toBe("ended");
  expect(await commands.ping()).toBe("PONG");
  proxy.make({ closed: true });
  const late = new Redis(proxy.url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  late.on("error", () => {});
  await expect(late.connect()).rejects.toThrow();
});
