import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { startSentinels } from "./start-sentinels.ts";

test("three sentinels make a replica the master when that is killed", { timeout: 60_000 }, async () => {
  const group = await startSentinels();
  const sentinels = group.addresses.split(",").map((address) => ({ host: "127.0.0.1", port: Number(address.split(":")[1]) }));
  const client = new Redis({ sentinels, name: group.masterName });
  client.on("error", () => {});
  try {
    const first = await group.master();
    expect(first).toBe(group.servers[0]);
    await client.set("a", "1");
    await client.wait(2, 1_000);
    await first.kill();
    const next = await group.failedOver(first);
    expect(next).not.toBe(first);
    expect(await client.get("a")).toBe("1");
  } finally {
    client.disconnect();
    await group.stop();
  }
});
