import { setTimeout as sleep } from "node:timers/promises";
import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type GetPresenceResponse, PresenceServiceClient } from "@presence/proto";
import { startRedis } from "@presence/redis-fixture";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltServer, buildServer } from "../built-server.fixture.ts";
import { eventually } from "../generic-client.fixture.ts";
import { type CollectedSpan, startCollector } from "./collector.fixture.ts";

// The program as it is shipped: what is loaded only where traces are wanted, is loaded by it alone.

let built: BuiltServer;
beforeAll(() => {
  built = buildServer();
}, 120_000);
afterAll(() => built.remove());

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callerSpan = "00f067aa0ba902b7";

/** As an instrumented app calls: with the trace that it is in. */
function getPresence(client: PresenceServiceClient, userId: string, traceparent?: string): Promise<GetPresenceResponse | ServiceError> {
  const metadata = new Metadata();
  if (traceparent !== undefined) metadata.set("traceparent", traceparent);
  return new Promise((resolve) => {
    client.getPresence({ userId }, metadata, { deadline: Date.now() + 5_000 }, (error, answer) => resolve(error ?? answer));
  });
}

function attribute(span: CollectedSpan | undefined, name: string): unknown {
  const value = span?.attributes.find(({ key }) => key === name)?.value ?? {};
  return Object.values(value)[0];
}

describe("traces", () => {
  test("go from the caller through the call to Redis, and tell no user", async () => {
    const [collector, redis] = await Promise.all([startCollector(), startRedis()]);
    const server = await built.start({
      REDIS_URL: redis.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: "100",
    });
    const client = new PresenceServiceClient(server.address, credentials.createInsecure());
    await getPresence(client, "u-secret", `00-${traceId}-${callerSpan}-01`);
    const trace = () => collector.spans.filter((span) => span.traceId === traceId);
    await eventually(() => expect(trace()).toHaveLength(2));

    const call = trace().find(({ kind }) => kind === 2);
    expect(call).toMatchObject({ name: "presence.v1.PresenceService/GetPresence", parentSpanId: callerSpan });
    expect([attribute(call, "rpc.system"), attribute(call, "rpc.method"), attribute(call, "rpc.grpc.status_code")]).toEqual([
      "grpc",
      "GetPresence",
      0,
    ]);
    const load = trace().find(({ kind }) => kind === 3);
    expect(load).toMatchObject({ name: "redis load", parentSpanId: call?.spanId });
    expect([attribute(load, "db.system.name"), attribute(load, "db.operation.name")]).toEqual(["redis", "load"]);
    expect(collector.resource.get("service.name")).toBe("presence");

    await getPresence(client, "no id", `00-${traceId.replace("4", "5")}-${callerSpan}-01`);
    await eventually(() => expect(collector.spans.some((span) => attribute(span, "rpc.grpc.status_code") === 3)).toBe(true));
    // A caller's mistake is no fault of the server.
    expect(collector.spans.every((span) => (span.status.code ?? 0) === 0)).toBe(true);
    // Sweeps go on all the time, and begin no trace of their own.
    expect(collector.spans).toHaveLength(3);
    expect(JSON.stringify(collector.spans)).not.toMatch(/secret|no id/);

    client.close();
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    await collector.close();
    await redis.stop();
  });

  test("an untraced caller's call begins one, and the last are sent before the end", async () => {
    const collector = await startCollector();
    const server = await built.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: "60000",
      OTEL_SERVICE_NAME: "presence-eu",
    });
    const client = new PresenceServiceClient(server.address, credentials.createInsecure());
    await getPresence(client, "alice");
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(collector.spans.map(({ name }) => name).sort()).toEqual(["memory load", "presence.v1.PresenceService/GetPresence"]);
    expect(collector.resource.get("service.name")).toBe("presence-eu");
    client.close();
    await collector.close();
  });

  test("a caller that does not sample is not sampled", async () => {
    const collector = await startCollector();
    const server = await built.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
    const client = new PresenceServiceClient(server.address, credentials.createInsecure());
    await getPresence(client, "alice", `00-${traceId}-${callerSpan}-00`);
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(collector.spans).toEqual([]);
    client.close();
    await collector.close();
  });

  test("without a collector calls are answered, one line says so, and the end comes in time", async () => {
    const server = await built.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_EXPORTER_OTLP_TIMEOUT: "100",
    });
    const client = new PresenceServiceClient(server.address, credentials.createInsecure());
    const lines = () => server.log().match(/traces cannot be sent/g) ?? [];
    for (let call = 0; call < 5; call++) {
      expect(await getPresence(client, "alice")).toMatchObject({ presence: { userId: "alice" } });
      await eventually(() => expect(lines()).toHaveLength(1));
      await sleep(200);
    }
    expect(lines()).toHaveLength(1);
    const startedAt = performance.now();
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    client.close();
  });
});
