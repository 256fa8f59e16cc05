import { status } from "@grpc/grpc-js";
import type { AttachResponse, WatchPartyResponse, WatchPresenceResponse } from "@presence/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, Recorded } from "../streams/stream-client.fixture.ts";
import { type GuardedServer, jwtServer, metadataOf, type SessionServer, sessionServer, tokenOf } from "./callers.fixture.ts";

const idle = { userId: "", deviceId: "", idleFor: undefined };
const phoneOf = (userId: string) => ({ userId, deviceId: "phone", idleFor: undefined });

describe("an open stream of a session", () => {
  let guarded: SessionServer;
  let users = 0;
  beforeAll(async () => {
    guarded = await sessionServer({ PRESENCE_GRACE: "1s" });
  });
  afterAll(() => guarded.close());

  /** A user who has logged in, and what he sends. */
  async function login(more: Record<string, string> = {}) {
    const user = `user-${++users}`;
    await guarded.redis.hset(`session:${user}`, { sessionId: "s1", roles: "player", ...more });
    return { user, key: `session:${user}`, metadata: metadataOf(user, "s1") };
  }

  async function watching(metadata: ReturnType<typeof metadataOf>) {
    const watch = new Recorded<WatchPresenceResponse>(guarded.client().watchPresence({ userIds: ["alice"] }, metadata));
    await watch.until("a snapshot", (messages) => messages.length > 0);
    return watch;
  }

  function attachedBy(metadata: ReturnType<typeof metadataOf>) {
    const stream = guarded.client().attach(metadata);
    return { stream, told: new Recorded<AttachResponse>(stream) };
  }

  test.each([
    ["is deleted", (key: string) => guarded.redis.del(key)],
    ["expires", (key: string) => guarded.redis.pexpire(key, 10)],
    ["is replaced by another login", (key: string) => guarded.redis.hset(key, "sessionId", "s2")],
  ])("is ended UNAUTHENTICATED within seconds when the session %s", async (_what, change) => {
    const { key, metadata } = await login();
    const [ended, other] = [await watching(metadata), await watching((await login()).metadata)];
    await change(key);
    await eventually("the end", () => ended.error !== undefined, 5_000);
    expect(ended.error?.code).toBe(status.UNAUTHENTICATED);
    expect(other.error).toBeUndefined();
  });

  test("is ended while devices are attached to it, and they are gone with their session", async () => {
    const { user, key, metadata } = await login();
    const { stream, told } = attachedBy(metadata);
    stream.write({ requestId: 1n, request: { $case: "connect", value: phoneOf(user) } });
    await told.until("a connection", (messages) => messages[0]?.response?.$case === "connected");
    await guarded.redis.del(key);
    await eventually("the end", () => told.error !== undefined, 5_000);
    expect(told.error?.code).toBe(status.UNAUTHENTICATED);
    const reader = await guarded.metadata("self");
    await expect
      .poll(
        () =>
          new Promise((resolve) => guarded.client().getPresence({ userId: user }, reader, (_, answer) => resolve(answer.presence?.status))),
        {
          timeout: 5_000,
        },
      )
      .toBe(4);
  });

  test("judges each request by itself, and lives on", async () => {
    const { user, metadata } = await login();
    await guarded.redis.sadd("party:theirs:members", "bob");
    await guarded.redis.sadd("party:own:members", user);
    const { stream, told } = attachedBy(metadata);
    stream.write({ requestId: 1n, request: { $case: "connect", value: phoneOf("bob") } });
    stream.write({ requestId: 2n, request: { $case: "watch", value: { userIds: ["bob"], partyIds: ["own", "theirs"] } } });
    stream.write({ requestId: 3n, request: { $case: "watch", value: { userIds: [], partyIds: ["none"] } } });
    stream.write({ requestId: 4n, request: { $case: "connect", value: phoneOf(user) } });
    stream.write({ requestId: 5n, request: { $case: "activity", value: idle } });
    const answers = () =>
      new Map(
        told.messages.map(({ requestId, response }) => [
          requestId,
          response?.$case === "error" ? response.value.status?.code : response?.$case,
        ]),
      );
    await told.until("five answers", () => [1n, 2n, 3n, 4n, 5n].every((id) => answers().has(id)));
    const { PERMISSION_DENIED } = status;
    expect([1n, 2n, 3n, 4n, 5n].map((id) => answers().get(id))).toEqual([
      PERMISSION_DENIED,
      PERMISSION_DENIED,
      PERMISSION_DENIED,
      "connected",
      "ack",
    ]);
    expect(told.error).toBeUndefined();
    stream.cancel();
  });

  test("watches a party until its user leaves it", async () => {
    const { user, metadata } = await login();
    await guarded.redis.sadd("party:club:members", user, "bob", "carol");
    const watch = new Recorded<WatchPartyResponse>(guarded.client().watchParty({ partyId: "club" }, metadata));
    const { stream, told } = attachedBy(metadata);
    stream.write({ requestId: 1n, request: { $case: "watch", value: { userIds: [], partyIds: ["club"] } } });
    await watch.until("a snapshot", (messages) => messages[0]?.event?.$case === "snapshot");
    await told.until("a snapshot", (messages) => messages.some(({ response }) => response?.$case === "party"));
    await guarded.redis.srem("party:club:members", "bob");
    await watch.until("the leaving of bob", (messages) => messages.some(({ event }) => event?.$case === "left"), 10_000);
    expect(watch.error).toBeUndefined();
    await guarded.redis.srem("party:club:members", user);
    await eventually("the end", () => watch.error !== undefined, 10_000);
    expect(watch.error?.code).toBe(status.PERMISSION_DENIED);
    const refused = ({ response }: AttachResponse) =>
      response?.$case === "error" && response.value.status?.code === status.PERMISSION_DENIED;
    await told.until("a refusal", (messages) => messages.some(refused), 10_000);
    const before = told.messages.length;
    await guarded.redis.sadd("party:club:members", "dave");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(told.messages.slice(before).filter(({ response }) => response?.$case === "party")).toEqual([]);
    stream.cancel();
  });

  // The last one: what the others use is gone.
  test("lives when Redis loses everything, sessions included", async () => {
    const { metadata } = await login();
    const watch = await watching(metadata);
    await guarded.redis.flushall();
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    expect(watch.error).toBeUndefined();
  });
});

describe("an open stream of a token", () => {
  let guarded: GuardedServer;
  beforeAll(async () => {
    guarded = await jwtServer();
  });
  afterAll(() => guarded.close());

  test("is ended UNAUTHENTICATED when the token expires", async () => {
    const soon = new Recorded(guarded.client().watchPresence({ userIds: ["bob"] }, metadataOf(undefined, await tokenOf("alice", 2))));
    const later = new Recorded(guarded.client().watchPresence({ userIds: ["bob"] }, metadataOf(undefined, await tokenOf("alice", 60))));
    await soon.until("a snapshot", (messages) => messages.length > 0);
    await later.until("a snapshot", (messages) => messages.length > 0);
    await eventually("the end", () => soon.error !== undefined, 5_000);
    expect(soon.error?.code).toBe(status.UNAUTHENTICATED);
    expect(later.error).toBeUndefined();
  });
});
