import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createPresenceClient, type PresenceClient } from "@presence/client";
import { tokenOf, tokenSecret } from "@presence/redis-fixture";
import { beforeAll, expect, it } from "vitest";
import { type PresenceServer, startPresenceServer } from "./processes.fixture.ts";

let server: PresenceServer;
beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), "presence-tokens-"));
  const key = join(directory, "key");
  writeFileSync(key, tokenSecret);
  server = await startPresenceServer({
    PRESENCE_AUTH: "jwt",
    PRESENCE_JWT_KEY: key,
    PRESENCE_JWT_TOLERANCE: "0s",
    PRESENCE_GRACE: "5s",
  });
  return async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  };
});

async function collect<Update>(updates: AsyncIterable<Update>, into: Update[]): Promise<void> {
  for await (const update of updates) into.push(update);
}

function text(updates: readonly unknown[]): string {
  return JSON.stringify(updates, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

it("a client whose tokens end stays attached and watches on, and is never shown OFFLINE", async () => {
  const issued: string[] = [];
  const clientOf = (user: string): PresenceClient =>
    createPresenceClient({
      server: server.address,
      token: () => {
        const token = tokenOf(user, 4);
        issued.push(user);
        return token;
      },
    });
  const [alice, bob] = [clientOf("alice"), clientOf("bob")];
  const attached = alice.attach({ backoff: { initialMs: 20 } });
  await attached.connect({ userId: "alice", deviceId: "phone" });
  const ofAlice: { readonly kind: string }[] = [];
  const ofBob: { readonly kind: string }[] = [];
  const both = [collect(attached.updates(), ofAlice), collect(bob.watchPresence(["alice"], { backoff: { initialMs: 20 } }), ofBob)];
  // Longer than two tokens, and than the grace of a broken stream after the first.
  await sleep(10_000);
  expect((await bob.getPresence("alice")).status).toBe("ONLINE");
  // A call of its own: a stream that ends just now would take the request with it.
  await alice.setStatus({ userId: "alice", status: "DND" });
  await expect.poll(() => text(ofBob), { timeout: 5_000 }).toContain("DND");
  alice.close();
  bob.close();
  await Promise.all(both);
  expect(text(ofBob)).not.toContain("OFFLINE");
  for (const updates of [ofAlice, ofBob]) expect(updates.filter(({ kind }) => kind === "stale")).not.toHaveLength(0);
  expect(ofAlice.filter(({ kind }) => kind === "device-lost")).toEqual([]);
  expect(issued.filter((user) => user === "alice").length).toBeGreaterThanOrEqual(3);
}, 30_000);
