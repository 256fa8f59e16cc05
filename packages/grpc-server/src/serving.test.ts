import { setTimeout as sleep } from "node:timers/promises";
import { credentials, loadPackageDefinition, type ServiceClientConstructor, status } from "@grpc/grpc-js";
import { type PresenceStore, presencePolicy } from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { service as healthDefinition } from "grpc-health-check";
import { afterEach, describe, expect, test } from "vitest";
import { composeServer } from "./composition-root.ts";
import { readConfig } from "./config.ts";
import { type Answer, eventually, refusalOf } from "./generic-client.fixture.ts";
import { createLogger } from "./logger.ts";
import { type RunningServer, startServer } from "./running-server.fixture.ts";

const policy = presencePolicy();
let server: RunningServer | undefined;
afterEach(() => server?.close());

/** A server on a memory store with `changes` to it. */
async function withStore(
  changes: (store: PresenceStore) => Partial<PresenceStore>,
  environment: Record<string, string> = {},
  drainMs = 8_000,
): Promise<RunningServer> {
  const { store, ...rest } = memoryAdapter({ policy });
  const changed = new Proxy<PresenceStore>(store, {
    get(target, name: keyof PresenceStore) {
      const replaced = changes(store)[name];
      if (replaced !== undefined) return replaced;
      const own = target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
  server = await startServer(environment, { backend: { ...rest, store: changed, close: () => {} }, drainMs });
  return server;
}

interface HealthClient {
  check(service: string): Promise<string>;
  watch(service: string): { readonly seen: string[]; ended: Promise<unknown> };
  close(): void;
}

function healthClient(address: string): HealthClient {
  const { Health } = loadPackageDefinition({ Health: healthDefinition }) as unknown as { Health: ServiceClientConstructor };
  const client: Answer = new Health(address, credentials.createInsecure());
  return {
    check: (service) =>
      new Promise((resolve, reject) =>
        client.check({ service }, (error: Error | null, answer: Answer) => (error === null ? resolve(answer.status) : reject(error))),
      ),
    watch(service) {
      const call = client.watch({ service });
      const seen: string[] = [];
      call.on("data", (answer: Answer) => seen.push(answer.status));
      return { seen, ended: new Promise((resolve) => call.on("error", resolve)) };
    },
    close: () => client.close(),
  };
}

describe("health", () => {
  test("is SERVING only while sweeps succeed, for the server and both services", async () => {
    let away = true;
    const { address } = await withStore((store) => ({
      claimDue: (limit) => (away ? Promise.reject(new Error("away")) : store.claimDue(limit)),
    }));
    const health = healthClient(address);
    const watch = health.watch("");
    for (const name of ["", "presence.v1.PresenceService", "presence.v1.PresenceAdminService"])
      expect(await health.check(name)).toBe("NOT_SERVING");
    expect((await refusalOf(health.check("other"))).code).toBe(status.NOT_FOUND);
    away = false;
    for (const name of ["", "presence.v1.PresenceService", "presence.v1.PresenceAdminService"])
      await eventually(async () => expect(await health.check(name)).toBe("SERVING"));
    away = true;
    await eventually(() => expect(watch.seen).toEqual(["NOT_SERVING", "SERVING", "NOT_SERVING"]));
    health.close();
  });
});

describe("faults", () => {
  const broken = { load: () => Promise.reject(new TypeError("secret of alice")) };

  test("of ours are INTERNAL with an id that the log explains without names", async () => {
    const { client, log } = await withStore(() => broken);
    const refusal = await refusalOf(client.call("GetPresence", { user_id: "alice" }));
    expect(refusal.code).toBe(status.INTERNAL);
    const [, id = "none"] = /^internal error ([0-9a-f-]{36}); the server's log has the details$/.exec(refusal.message) ?? [];
    const line =
      log()
        .split("\n")
        .find((text) => text.includes(id)) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      rpc: "/presence.v1.PresenceService/GetPresence",
      id,
      error: { name: "PresenceError", cause: { name: "TypeError" } },
    });
    expect(log()).not.toMatch(/alice|secret/);
  });

  test("are told in full at debug", async () => {
    const { client, log } = await withStore(() => broken, { LOG_LEVEL: "debug" });
    await refusalOf(
      client
        .call("SetStatus", { user_id: "alice", status: "STATUS_DND", expires_in: { seconds: 1 } })
        .then(() => client.call("GetPresence", { user_id: "alice" })),
    );
    expect(log()).toContain("secret of alice");
    expect(log()).toContain('"status":"INTERNAL"');
  });

  test("a call whose time is over writes nothing", async () => {
    let loads = 0;
    const { client } = await withStore((store) => ({
      async load(userIds) {
        loads++;
        await sleep(300);
        return store.load(userIds);
      },
    }));
    expect((await refusalOf(client.call("GetPresence", { user_id: "alice" }, 100))).code).toBe(status.DEADLINE_EXCEEDED);
    expect((await refusalOf(client.call("GetPresence", { user_id: "alice" }, -1))).code).toBe(status.DEADLINE_EXCEEDED);
    expect(loads).toBeLessThanOrEqual(1);
  });

  test("statistics are counted once for all who ask", async () => {
    let scans = 0;
    const { client } = await withStore((store) => ({
      // Only those who count ask: the repair scans as well.
      lead: async () => false,
      scan(cursor, limit) {
        scans++;
        return scans === 1 ? Promise.reject(new Error("once")) : store.scan(cursor, limit);
      },
    }));
    await refusalOf(client.call("GetStats"));
    await Promise.all(Array.from({ length: 20 }, () => client.call("GetStats")));
    expect(scans).toBe(2);
  });
});

describe("the end", () => {
  test("waits for the call in flight, takes no new ones, and cuts off watches of health", async () => {
    const { client, address, log, stop } = await withStore((store) => ({
      async load(userIds) {
        await sleep(600);
        return store.load(userIds);
      },
    }));
    const health = healthClient(address);
    const watch = health.watch("");
    await eventually(() => expect(watch.seen).toContain("SERVING"));
    const answer = client.call("GetPresence", { user_id: "alice" });
    await sleep(100);
    const startedAt = performance.now();
    const closed = stop();
    await sleep(50);
    expect(watch.seen.at(-1)).toBe("NOT_SERVING");
    expect((await answer).presence.status).toBe("STATUS_OFFLINE");
    // Sweeps went on meanwhile, and must not invite anybody back.
    expect(watch.seen.at(-1)).toBe("NOT_SERVING");
    await closed;
    await watch.ended;
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(log()).toContain("presence has ended");
    expect((await refusalOf(client.call("GetPresence", { user_id: "alice" }, 500))).code).not.toBe(status.OK);
    health.close();
  });

  test("comes in time although a call never ends", async () => {
    const { client, log, stop } = await withStore(() => ({ load: () => new Promise(() => {}) }), {}, 1_000);
    const refused = refusalOf(client.call("GetPresence", { user_id: "alice" }, 60_000));
    await sleep(100);
    const startedAt = performance.now();
    await stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect([status.CANCELLED, status.UNAVAILABLE]).toContain((await refused).code);
    expect(log()).toContain("calls were cut off at the end");
  });
});

describe("where it listens", () => {
  const listen = async (environment: Record<string, string>) => {
    const { server: composed, close } = composeServer(readConfig(environment), createLogger("silent"));
    try {
      return await composed.start();
    } finally {
      await close();
    }
  };

  test("a port in use is named with its variable", async () => {
    const { address } = await withStore(() => ({}));
    const port = address.split(":").pop() ?? "";
    await expect(listen({ PRESENCE_PORT: port })).rejects.toThrow(`port ${port} is in use: set PRESENCE_PORT`);
  });

  test("a foreign address and an unknown host are named with theirs", async () => {
    const insecure = { PRESENCE_ALLOW_INSECURE: "true", PRESENCE_PORT: "0" };
    await expect(listen({ ...insecure, PRESENCE_HOST: "203.0.113.5" })).rejects.toThrow(
      "203.0.113.5 is no address of this machine: set PRESENCE_HOST",
    );
    await expect(listen({ ...insecure, PRESENCE_HOST: "no-such-host.invalid" })).rejects.toThrow(
      "no-such-host.invalid is not known: set PRESENCE_HOST",
    );
  });

  test("IPv6 works", async () => {
    expect(await listen({ PRESENCE_HOST: "::1", PRESENCE_PORT: "0" })).toBeGreaterThan(0);
  });
});
