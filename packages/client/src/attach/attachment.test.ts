import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { failure, phone, start, streamOf, told } from "./attachment.fixture.ts";
import { connected, refusal } from "./scripted-attach-server.fixture.ts";

describe("the heartbeat", () => {
  test("is sent by itself, as often as the server wants it", async () => {
    const { server, attached } = await start({ script: ({ $case }) => ($case === "connect" ? connected("alice", 50) : undefined) });
    await attached.connect(phone);
    const stream = await streamOf(server);
    const before = stream.said("activity").length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const beats = stream.said("activity").length - before;
    expect(beats).toBeGreaterThanOrEqual(4);
    expect(beats).toBeLessThanOrEqual(11);
    expect(new Set(stream.said("activity"))).toEqual(new Set([""]));
  });

  test("that nobody answers proves that the server is gone, whoever answers pings for it", async () => {
    const { server, attached } = await start(
      {
        script: ({ $case }, stream) => {
          if ($case === "connect") return connected("alice", 50);
          return stream === server.streams[0] && stream.requests.length > 1 ? "silence" : undefined;
        },
      },
      { deadlineMs: 100 },
    );
    await attached.connect(phone);
    expect(await told(attached, 2)).toEqual(["lost UNAVAILABLE", "resumed"]);
    await expect.poll(() => server.streams[0]?.cancelled).toBe(true);
  });
});

describe("an attachment ends", () => {
  test("when it is closed: what was sent gets its answer, the server is told, the reader is done", async () => {
    const { server, attached } = await start();
    const reading = told(attached, 1);
    await attached.connect(phone);
    const last = attached.setStatus({ userId: "alice", status: "AWAY" });
    // Sent in the microtasks after the call.
    await Promise.resolve();
    await attached.close();
    expect((await last).presence.userId).toBe("alice");
    expect(await reading).toEqual([]);
    const stream = await streamOf(server);
    expect(stream.ended).toBe(true);
    expect(stream.said("disconnect")).toEqual([]);
    expect((await failure(attached.connect(phone))).code).toBe("CANCELLED");
    await attached.close();
  });

  test("with its devices disconnected first, where that is wanted", async () => {
    const { server, attached } = await start();
    for (const userId of ["alice", "bob"]) await attached.connect({ userId, deviceId: "phone" });
    await attached.close({ disconnect: true });
    expect((await streamOf(server)).said("disconnect")).toEqual(["alice/phone", "bob/phone"]);
  });

  test("and says if they could not be", async () => {
    const { server, attached } = await start({ script: ({ $case }) => ($case === "disconnect" ? refusal(status.INTERNAL) : undefined) });
    await attached.connect(phone);
    expect((await failure(attached.close({ disconnect: true }))).code).toBe("INTERNAL");
    expect((await streamOf(server)).ended).toBe(true);
  });

  test("while there is no connection, at once", async () => {
    const { server, attached } = await start({}, {}, { backoff: { initialMs: 60_000, maxMs: 60_000 } });
    await attached.connect(phone);
    (await streamOf(server)).fail(status.UNAVAILABLE);
    await told(attached, 1);
    const waiting = failure(attached.watch({ userIds: ["bob"] }));
    await attached.close();
    expect((await waiting).code).toBe("CANCELLED");
  });

  test("with its signal and with the client, and open requests reject", async () => {
    for (const ending of ["signal", "client"]) {
      const controller = new AbortController();
      const { server, client, attached } = await start(
        { script: ({ $case }) => ($case === "setStatus" ? "silence" : undefined) },
        {},
        { signal: controller.signal },
      );
      await attached.connect(phone);
      const open = failure(attached.setStatus({ userId: "alice", status: "DND" }));
      const reading = told(attached, 1);
      const stream = await streamOf(server);
      await expect.poll(() => stream.said("setStatus").length).toBe(1);
      if (ending === "signal") controller.abort();
      else client.close();
      expect(["CANCELLED", "UNAVAILABLE"]).toContain((await open).code);
      expect(await reading).toEqual([]);
      await expect.poll(() => stream.cancelled).toBe(true);
      expect((await failure(attached.connect(phone))).code).toBe("CANCELLED");
    }
  });
});
