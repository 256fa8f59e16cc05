import { createConnection } from "node:net";
import { expect, test } from "vitest";
import { startRedis } from "./start-redis.ts";

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString().trim());
    });
    socket.once("error", reject);
  });
}

test("a real server starts, is killed, comes back empty on the same port, and ends", async () => {
  const redis = await startRedis();
  expect(await ask(redis.port, "SET a 1")).toBe("+OK");
  const first = redis.pid;
  await redis.kill();
  await expect(ask(redis.port, "PING")).rejects.toThrow("ECONNREFUSED");
  await redis.restart();
  expect(redis.pid).not.toBe(first);
  expect(await ask(redis.port, "EXISTS a")).toBe(":0");
  await redis.stop();
  await expect(ask(redis.port, "PING")).rejects.toThrow("ECONNREFUSED");
});
