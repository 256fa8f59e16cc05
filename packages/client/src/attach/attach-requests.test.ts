import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { createPresenceClient } from "../presence-client.ts";
import { failure, opened, phone, quick, start, streamOf } from "./attachment.fixture.ts";
import { connected, refusal, startAttachServer } from "./scripted-attach-server.fixture.ts";

describe("requests", () => {
  test("get their answers by their ids, in whatever order they come", async () => {
    const held: [string, bigint][] = [];
    const { server, attached } = await start({
      script: (request, stream) => {
        if (request.$case !== "connect") return undefined;
        held.push([request.value.userId, stream.ids.at(-1) ?? 0n]);
        if (held.length === 3) for (const [userId, id] of held.reverse()) stream.say(connected(userId), id);
        return "silence";
      },
    });
    const answers = await Promise.all(["alice", "bob", "carol"].map((userId) => attached.connect({ userId, deviceId: "phone" })));
    expect(answers.map((answer) => answer.presence.userId)).toEqual(["alice", "bob", "carol"]);
    expect(answers[0]).toMatchObject({ leaseTtlMs: 120_000, heartbeatIntervalMs: 30_000 });
    expect(server.streams).toHaveLength(1);
  });

  test("a bad one rejects alone, and its device is not held", async () => {
    const { server, attached } = await start({
      script: (request) => (request.$case === "connect" && request.value.userId === "a b" ? refusal(status.INVALID_ARGUMENT) : undefined),
    });
    const bad = failure(attached.connect({ userId: "a b", deviceId: "phone" }));
    await attached.connect(phone);
    expect((await bad).code).toBe("INVALID_ARGUMENT");
    expect((await failure(attached.activity({ userId: "a b", deviceId: "phone" }))).reason).toBe("DEVICE_DISCONNECTED");
    expect((await attached.setStatus({ userId: "alice", status: "DND" })).presence.userId).toBe("alice");
    (await streamOf(server)).fail(status.UNAVAILABLE);
    expect((await streamOf(server, 1)).requests[0]?.$case).toBe("activity");
    await expect.poll(() => server.streams[1]?.said("connect")).toEqual(["alice/phone"]);
  });

  test("that make no sense are not even sent", async () => {
    const { server, attached } = await start();
    const idleForMs = -1;
    expect((await failure(attached.connect({ ...phone, idleForMs }))).violations).toEqual([
      { field: "idle_for", description: "is -1 ms; it must not be negative" },
    ]);
    await attached.connect(phone);
    expect((await failure(attached.activity({ ...phone, idleForMs }))).code).toBe("INVALID_ARGUMENT");
    expect((await failure(attached.setStatus({ userId: "alice", status: "DND", expiresInMs: Number.NaN }))).code).toBe("INVALID_ARGUMENT");
    expect((await streamOf(server)).requests.map(({ $case }) => $case)).toEqual(["activity", "connect"]);
  });

  test("that nobody answers reject after the deadline, and what is carried out late is undone", async () => {
    const { server, attached } = await start(
      { script: ({ $case }) => ($case === "connect" || $case === "watch" ? "silence" : undefined) },
      { deadlineMs: 100 },
    );
    expect((await failure(attached.connect(phone))).code).toBe("DEADLINE_EXCEEDED");
    expect((await failure(attached.watch({ userIds: ["bob"] }))).code).toBe("DEADLINE_EXCEEDED");
    const stream = await streamOf(server);
    await expect.poll(() => [...stream.said("disconnect"), ...stream.said("unwatch")]).toEqual(["alice/phone", "bob"]);
    expect(server.streams).toHaveLength(1);
  });

  test("that found no server say so, after the deadline", async () => {
    const server = await startAttachServer();
    server.close();
    const client = createPresenceClient({ server: server.address, deadlineMs: 150 });
    opened.push(client);
    const error = await failure(client.attach(quick).setStatus({ userId: "alice", status: "DND" }));
    expect(error).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/not sent within 150 ms; no connection: .*ECONNREFUSED/),
    });
  });

  test("beyond 100 at once wait for their turn, and beyond 10,000 are refused", async () => {
    const { server, attached } = await start({ script: ({ $case }) => ($case === "setStatus" ? "silence" : undefined) });
    const stream = await streamOf(server);
    const call = { userId: "alice", status: "DND" } as const;
    const answers = Array.from({ length: 10_100 }, () => failure(attached.setStatus(call)));
    expect((await failure(attached.setStatus(call))).code).toBe("RESOURCE_EXHAUSTED");
    await expect.poll(() => stream.said("setStatus").length).toBe(100);
    await attached.close();
    const codes = (await Promise.all(answers)).map(({ code }) => code);
    expect(codes.filter((code) => code === "UNAVAILABLE")).toHaveLength(100);
    expect(codes.filter((code) => code === "CANCELLED")).toHaveLength(10_000);
  });

  test("a connect goes on while the server is not available", async () => {
    let tries = 0;
    const { attached } = await start({
      script: ({ $case }) => ($case === "connect" && ++tries < 3 ? refusal(status.UNAVAILABLE) : undefined),
    });
    await attached.connect(phone);
    expect(tries).toBe(3);
  });
});
