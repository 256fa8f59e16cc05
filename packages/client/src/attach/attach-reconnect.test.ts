import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { failure, phone, start, streamOf, told } from "./attachment.fixture.ts";
import { connected, presence, refusal, type ScriptedStream, snapshot, stale } from "./scripted-attach-server.fixture.ts";

describe("a stream that breaks", () => {
  test("comes back with its devices in their order and its watches, and says so", async () => {
    const { server, attached } = await start({
      script: (request, stream) => {
        if (request.$case === "watch") setImmediate(() => stream.say(snapshot(...request.value.userIds.map((id) => presence(id)))));
        return undefined;
      },
    });
    for (const userId of ["carol", "alice", "bob"]) await attached.connect({ userId, deviceId: "phone" });
    await attached.disconnect({ userId: "alice", deviceId: "phone" });
    await attached.watch({ userIds: ["dave"], partyIds: ["lobby"] });
    (await streamOf(server)).fail(status.UNAVAILABLE, "restart");
    const lines = await told(attached, 4);
    expect(lines.slice(0, 2)).toEqual(["[dave1]", "lost UNAVAILABLE"]);
    expect(lines.slice(2).sort()).toEqual(["[dave1]", "resumed"]);
    const second = await streamOf(server, 1);
    expect(second.said("connect")).toEqual(["carol/phone", "bob/phone"]);
    expect(second.said("watch")).toEqual(["dave", "lobby"]);
    expect(server.batches).toEqual([["carol/phone", "bob/phone"]]);
  });

  test("is opened anew with the next token, also where that takes a while", async () => {
    let asked = 0;
    const token = () => {
      if (++asked === 2) throw new Error("the issuer is away");
      return `s${asked}`;
    };
    const { server, attached } = await start({}, { token });
    await attached.connect(phone);
    (await streamOf(server)).fail(status.UNAUTHENTICATED, "the token has ended");
    expect(await told(attached, 3)).toEqual(["lost UNAUTHENTICATED", "lost UNAVAILABLE", "resumed"]);
    expect(server.streams[1]?.said("connect")).toEqual(["alice/phone"]);
  });

  test("rejects what was on its way, but a connect goes on", async () => {
    const { server, attached } = await start({
      script: ({ $case }, stream) => {
        if (server.streams[0] !== stream || $case === "activity") return undefined;
        return "silence";
      },
    });
    const connecting = attached.connect(phone);
    const status1 = failure(attached.setStatus({ userId: "alice", status: "DND" }));
    const stream = await streamOf(server);
    await expect.poll(() => stream.requests.length).toBe(3);
    stream.fail(status.UNAVAILABLE);
    expect((await status1).code).toBe("UNAVAILABLE");
    expect((await connecting).presence.userId).toBe("alice");
    expect(server.streams[1]?.said("connect")).toEqual(["alice/phone"]);
  });

  test("leaves alone what was kicked while it was away, and says so", async () => {
    const { server, attached } = await start({ gone: ["alice/phone"] });
    await attached.connect(phone);
    await attached.connect({ userId: "bob", deviceId: "phone" });
    (await streamOf(server)).fail(status.UNAVAILABLE);
    expect(await told(attached, 3)).toEqual(["lost UNAVAILABLE", "alice/phone DEVICE_DISCONNECTED", "resumed"]);
    expect(server.streams[1]?.said("connect")).toEqual(["bob/phone"]);
  });

  test("connects a device until it succeeds or is refused; one that is refused is lost", async () => {
    const tries: string[] = [];
    const { server, attached } = await start({
      script: (request, stream) => {
        if (request.$case !== "connect" || stream === server.streams[0]) return undefined;
        tries.push(request.value.userId);
        if (request.value.userId === "bob") return refusal(status.PERMISSION_DENIED);
        return tries.length < 4 ? refusal(status.UNAVAILABLE) : undefined;
      },
    });
    for (const userId of ["alice", "bob"]) await attached.connect({ userId, deviceId: "phone" });
    (await streamOf(server)).fail(status.UNAVAILABLE);
    expect(await told(attached, 3)).toEqual(["lost UNAVAILABLE", "bob/phone undefined", "resumed"]);
    expect(tries).toEqual(["alice", "bob", "alice", "alice"]);
  });

  test("says again that the view is old, where the new server says so before all is back", async () => {
    const { server, attached } = await start({
      script: ({ $case }, stream) => {
        if ($case === "connect" && stream !== server.streams[0]) stream.say(stale);
        return undefined;
      },
    });
    await attached.connect(phone);
    (await streamOf(server)).fail(status.UNAVAILABLE);
    await expect.poll(() => server.streams[1]?.said("connect")).toEqual(["alice/phone"]);
    // Its answer comes after that of the connect; nobody has read what was told meanwhile.
    await attached.setStatus({ userId: "alice", status: "DND" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await told(attached, 1)).toEqual(["stale"]);
    expect(server.streams).toHaveLength(2);
  });

  test("comes back with the idleness that each device had", async () => {
    const { server, attached } = await start();
    await attached.connect({ ...phone, idleForMs: 60_000 });
    for (const userId of ["bob", "carol", "dave"]) await attached.connect({ userId, deviceId: "phone", idleForMs: 10_000 });
    await attached.activity({ userId: "bob", deviceId: "phone", idleForMs: 0 });
    await attached.setStatus({ userId: "carol", status: "AWAY", reason: "INACTIVITY" });
    await attached.setStatus({ userId: "dave", status: "ONLINE" });
    (await streamOf(server)).fail(status.UNAVAILABLE);
    await told(attached, 2);
    const week = 7 * 24 * 3_600;
    expect(server.streams[1]?.said("connect")).toEqual([
      "alice/phone idle 60s",
      "bob/phone idle 0s",
      `carol/phone idle ${week}s`,
      "dave/phone",
    ]);
  });

  test("connects at most 50 devices at once, and all of them in the end", async () => {
    let waiting: [ScriptedStream, string, bigint][] = [];
    let most = 0;
    const { server, attached } = await start({
      script: (request, stream) => {
        if (request.$case !== "connect" || stream === server.streams[0]) return undefined;
        waiting.push([stream, request.value.userId, stream.ids.at(-1) ?? 0n]);
        most = Math.max(most, waiting.length);
        if (waiting.length === 1) {
          setTimeout(() => {
            for (const [one, userId, id] of waiting) one.say(connected(userId), id);
            waiting = [];
          }, 20);
        }
        return "silence";
      },
    });
    const users = Array.from({ length: 1_200 }, (_, index) => `user-${index}`);
    await Promise.all(users.map((userId) => attached.connect({ userId, deviceId: "phone" })));
    (await streamOf(server)).fail(status.UNAVAILABLE);
    expect(await told(attached, 2)).toEqual(["lost UNAVAILABLE", "resumed"]);
    expect(server.streams[1]?.said("connect")).toEqual(users.map((userId) => `${userId}/phone`));
    expect(most).toBe(50);
    expect(server.batches.map(({ length }) => length)).toEqual([1_000, 200]);
  });

  test("is opened again however often that fails, with longer waits", async () => {
    let count = 0;
    const { server, attached } = await start(
      {
        script: (_, stream) => {
          if (++count < 4) stream.fail(status.CANCELLED, "reset");
          return count < 4 ? "silence" : undefined;
        },
      },
      {},
      { backoff: { initialMs: 10, maxMs: 1_000 } },
    );
    const waits: number[] = [];
    for await (const update of attached.updates()) {
      if (update.kind === "resumed") break;
      if (update.kind === "stale") waits.push(update.retryInMs ?? 0);
    }
    expect(server.streams).toHaveLength(4);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(5 * 2 ** index);
      expect(wait).toBeLessThan(10 * 2 ** index);
    }
  });

  test("is not opened again where the caller is refused; everything says why", async () => {
    const { server, attached } = await start({
      script: (_, stream) => {
        stream.fail(status.UNAUTHENTICATED, "the session has ended");
        return "silence";
      },
    });
    expect((await failure(attached.connect(phone))).code).toBe("UNAUTHENTICATED");
    expect((await failure(told(attached, 1))).code).toBe("UNAUTHENTICATED");
    expect((await failure(attached.watch({ userIds: ["bob"] }))).code).toBe("UNAUTHENTICATED");
    await attached.close();
    expect(server.streams).toHaveLength(1);
  });
});
