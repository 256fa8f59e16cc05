import { parsePartyId } from "@presence/domain";
import { type RunningRedis, startRedis } from "@presence/redis-fixture";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sleep } from "./redis-harness.fixture.ts";
import { alice, login, type ServiceOnRedis, serviceOnRedis } from "./service-on-redis.fixture.ts";

let redis: RunningRedis;
let on: ServiceOnRedis;
const onSessionGone = vi.fn();

beforeEach(async () => {
  // One for each test: who listens is counted.
  redis = await startRedis();
  onSessionGone.mockClear();
  on = await serviceOnRedis(redis, { sessionKey: "app:%s:session", partyKey: "chat:%s:members", onSessionGone });
  await listening();
});
afterEach(async () => {
  on.close();
  await redis.stop();
});

const lobby = parsePartyId("lobby");
const channel = "__keyspace@0__:chat:lobby:members";

async function listeners(name: string): Promise<number> {
  return Number((await on.others.pubsub("NUMSUB", name))[1]);
}

const listening = (name = "__keyevent@0__:del") =>
  vi.waitFor(async () => expect(await listeners(name)).toBeGreaterThan(0), { timeout: 3_000, interval: 5 });

/** Until `changed` is called once more by what `change` does. */
async function calledBy(changed: () => void, change: () => Promise<unknown>): Promise<void> {
  const before = vi.mocked(changed).mock.calls.length;
  await change();
  await vi.waitFor(() => expect(vi.mocked(changed).mock.calls.length).toBeGreaterThan(before), { timeout: 2_000, interval: 5 });
}

describe("whoever follows a party", () => {
  test("is called when a member joins or leaves, or when all of it goes or comes anew", async () => {
    const changed = vi.fn();
    on.adapter.parties.follow(lobby, changed);
    await listening(channel);
    const key = on.keys.party(lobby);
    await calledBy(changed, () => on.others.sadd(key, "alice", "bob"));
    await calledBy(changed, () => on.others.srem(key, "bob"));
    await calledBy(changed, () => on.others.rename(key, "elsewhere"));
    await calledBy(changed, () => on.others.rename("elsewhere", key));
    await calledBy(changed, () => on.others.del(key));
    expect(onSessionGone).not.toHaveBeenCalled();
  });

  test("is not called for other parties, nor after he ended it, while others go on", async () => {
    const first = vi.fn();
    const second = vi.fn();
    const end = on.adapter.parties.follow(lobby, first);
    on.adapter.parties.follow(lobby, second);
    await listening(channel);
    await on.others.sadd(on.keys.party(parsePartyId("another")), "alice");
    end();
    end();
    await calledBy(second, () => on.others.sadd(on.keys.party(lobby), "alice"));
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledTimes(1);
  });

  test("leaves the channel with its last follower, and can come back", async () => {
    on.adapter.parties.follow(lobby, () => {})();
    const end = on.adapter.parties.follow(lobby, () => {});
    await listening(channel);
    end();
    await vi.waitFor(async () => expect(await listeners(channel)).toBe(0), { timeout: 2_000, interval: 5 });
    const changed = vi.fn();
    on.adapter.parties.follow(lobby, changed);
    await listening(channel);
    await calledBy(changed, () => on.others.sadd(on.keys.party(lobby), "carol"));
  });

  test("is called after a gap, in which he may have missed a change, and hears again", async () => {
    const changed = vi.fn();
    on.adapter.parties.follow(lobby, changed);
    await listening(channel);
    await calledBy(changed, () => on.others.client("KILL", "TYPE", "pubsub"));
    await listening(channel);
    await calledBy(changed, () => on.others.sadd(on.keys.party(lobby), "dave"));
  });
});

describe("a session key with an id in its middle", () => {
  test("tells whose session is gone, and other keys that look alike tell nothing", async () => {
    for (const key of ["app:alice:other", "app:alice", "alice:session", "app::session", "app:al ice:session"]) {
      await on.others.set(key, "1");
      await on.others.del(key);
    }
    await on.others.hset(on.keys.session(alice), login);
    await on.others.del(on.keys.session(alice));
    await vi.waitFor(() => expect(onSessionGone).toHaveBeenCalled(), { timeout: 2_000, interval: 5 });
    await sleep(20);
    expect(onSessionGone.mock.calls).toEqual([[alice, true]]);
  });
});
