import { beforeEach, describe, expect, test } from "vitest";
import { PresenceError } from "../errors.ts";
import { type PartyId, parsePartyId, parseUserId, type UserId } from "../ids.ts";
import type { FeedListener, PartyDirectory, PartyMembers, PresenceFeed } from "../ports.ts";
import { millis } from "../time.ts";
import { PartyHub } from "./party-hub.ts";
import type { PartyWatch } from "./party-watch.ts";
import { WatchHub } from "./watch-hub.ts";

const lobby = parsePartyId("lobby");
const [alice, bob, carol] = [parseUserId("alice"), parseUserId("bob"), parseUserId("carol")];

/** Confirms each subscription at once. */
class InstantFeed implements PresenceFeed {
  listener: FeedListener | undefined;
  listen(listener: FeedListener): void {
    this.listener = listener;
  }
  subscribe(userIds: readonly UserId[]): void {
    queueMicrotaskOf(() => this.listener?.subscribed(userIds));
  }
  unsubscribe(): void {}
}

function queueMicrotaskOf(task: () => void): void {
  void Promise.resolve().then(task);
}

class ManualParties implements PartyDirectory {
  users: readonly UserId[] = [];
  failure: Error | undefined;
  reads = 0;
  changed: (() => void) | undefined;
  async members(_partyId: PartyId): Promise<PartyMembers> {
    this.reads++;
    if (this.failure !== undefined) throw this.failure;
    return { userIds: this.users, invalid: 0 };
  }
  async isMember(_partyId: PartyId, userId: UserId): Promise<boolean> {
    return this.users.includes(userId);
  }
  follow(_partyId: PartyId, changed: () => void): () => void {
    this.changed = changed;
    return () => {
      this.changed = undefined;
    };
  }
}

let feed: InstantFeed;
let parties: ManualParties;
let hub: PartyHub;
let watchHub: WatchHub;

beforeEach(() => {
  feed = new InstantFeed();
  parties = new ManualParties();
  const source = {
    read: async (userIds: readonly UserId[]) => userIds.map((userId) => presence(userId, 1)),
    outrun: async (userId: UserId, version: number) => presence(userId, version + 1),
  };
  watchHub = new WatchHub({ feed, source });
  hub = new PartyHub({ parties, hub: watchHub });
});

function presence(userId: UserId, version: number) {
  return { userId, status: "ONLINE", since: millis(1), lastSeen: undefined, message: "", version } as const;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

async function told(watch: PartyWatch): Promise<string[]> {
  await settled();
  const lines: string[] = [];
  for (let event = watch.take(); event !== undefined; event = watch.take()) {
    if (event.kind === "snapshot") lines.push(`[${event.presences.map(({ userId, version }) => `${userId}@${version}`).join(" ")}]`);
    else if (event.kind === "feed") lines.push(event.state);
    else if (event.kind === "left") lines.push(`-${event.userId}`);
    else lines.push(`${event.kind === "joined" ? "+" : ""}${event.presence.userId}@${event.presence.version}`);
  }
  return lines;
}

describe("a party watch", () => {
  test("begins with a snapshot, of nobody if the party has no members", async () => {
    const watch = hub.watch(lobby, () => {});
    expect(await told(watch)).toEqual(["[]"]);
    parties.users = [alice];
    parties.changed?.();
    expect(await told(watch)).toEqual(["+alice@1"]);
  });

  test("tells who joins and who leaves, and changes of members only", async () => {
    parties.users = [alice, bob];
    const watch = hub.watch(lobby, () => {});
    expect(await told(watch)).toEqual(["[alice@1 bob@1]"]);
    parties.users = [alice, carol];
    parties.changed?.();
    expect(await told(watch)).toEqual(["-bob", "+carol@1"]);
    feed.listener?.changed(presence(bob, 2));
    feed.listener?.changed(presence(carol, 3));
    expect(await told(watch)).toEqual(["carol@3"]);
  });

  test("finds members without any hint, with the next poll", async () => {
    const watch = hub.watch(lobby, () => {});
    await told(watch);
    parties.users = [alice];
    hub.tick(4_999);
    expect(await told(watch)).toEqual([]);
    hub.tick(5_000);
    expect(await told(watch)).toEqual(["+alice@1"]);
  });

  test("who joins and leaves before anyone was told, is not told", async () => {
    const watch = hub.watch(lobby, () => {});
    await told(watch);
    parties.users = [alice];
    parties.changed?.();
    await settled();
    parties.users = [];
    parties.changed?.();
    expect(await told(watch)).toEqual([]);
  });

  test("a hint during a read leads to another read", async () => {
    const watch = hub.watch(lobby, () => {});
    parties.users = [alice];
    parties.changed?.();
    expect(await told(watch)).toEqual(["[]", "+alice@1"]);
    expect(parties.reads).toBe(2);
  });

  test("after a gap the whole party is told again", async () => {
    parties.users = [alice, bob];
    const watch = hub.watch(lobby, () => {});
    await told(watch);
    feed.listener?.broken(undefined);
    expect(await told(watch)).toEqual(["STALE"]);
    feed.listener?.subscribed([alice, bob]);
    expect(await told(watch)).toEqual(["[alice@1 bob@1]", "LIVE"]);
  });

  test("a store that is away fails nothing, a party that is too large does", async () => {
    parties.failure = PresenceError.unavailable("away", 1);
    const watch = hub.watch(lobby, () => {});
    expect(await told(watch)).toEqual([]);
    expect(watch.failure).toBeUndefined();
    parties.failure = new PresenceError("LIMIT_EXCEEDED", "too large");
    hub.tick(5_000);
    await settled();
    expect(watch.failure?.code).toBe("LIMIT_EXCEEDED");
  });

  test("members are read once for all watchers, and followed until the last one ends", async () => {
    const [first, second] = [hub.watch(lobby, () => {}), hub.watch(lobby, () => {})];
    await settled();
    expect(parties.reads).toBe(1);
    first.close();
    expect(parties.changed).toBeDefined();
    second.close();
    expect(parties.changed).toBeUndefined();
  });
});
