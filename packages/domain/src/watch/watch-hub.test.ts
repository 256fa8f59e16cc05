import { beforeEach, describe, expect, test } from "vitest";
import { PresenceError } from "../errors.ts";
import { parseUserId, type UserId } from "../ids.ts";
import type { FeedListener, PresenceFeed } from "../ports.ts";
import type { Presence } from "../presence.ts";
import type { Status } from "../status.ts";
import { millis } from "../time.ts";
import type { Watch } from "./watch.ts";
import type { WatchEvent } from "./watch-event.ts";
import { type PresenceSource, WatchHub } from "./watch-hub.ts";

const alice = parseUserId("alice");
const bob = parseUserId("bob");

function presence(userId: UserId, version: number, status: Status = "ONLINE"): Presence {
  return { userId, status, since: millis(1), lastSeen: undefined, message: "", version };
}

/** A feed that does what the test says. */
class ManualFeed implements PresenceFeed {
  readonly subscribed: UserId[] = [];
  readonly unsubscribed: UserId[] = [];
  listener: FeedListener | undefined;
  listen(listener: FeedListener): void {
    this.listener = listener;
  }
  subscribe(userIds: readonly UserId[]): void {
    this.subscribed.push(...userIds);
  }
  unsubscribe(userIds: readonly UserId[]): void {
    this.unsubscribed.push(...userIds);
  }
}

/** A store whose answers the test can hold back. */
class ManualSource implements PresenceSource {
  readonly presences = new Map<UserId, Presence>();
  readonly asked: (readonly UserId[])[] = [];
  hold: Promise<void> | undefined;
  fail = false;
  readonly unreadable = new Set<UserId>();
  readonly unwritable = new Set<UserId>();
  async read(userIds: readonly UserId[]): Promise<readonly (Presence | PresenceError)[]> {
    this.asked.push(userIds);
    const answer = userIds.map((userId) =>
      this.unreadable.has(userId)
        ? PresenceError.unavailable(`the record of user ${userId} cannot be read`, 5_000)
        : (this.presences.get(userId) ?? presence(userId, 0, "OFFLINE")),
    );
    const { fail } = this;
    await this.hold;
    if (fail) throw new Error("no store");
    return answer;
  }
  async outrun(userId: UserId, version: number): Promise<Presence> {
    if (this.unwritable.has(userId)) throw new Error("no memory left");
    const lifted = { ...(this.presences.get(userId) ?? presence(userId, 0, "OFFLINE")), version: version + 1 };
    this.presences.set(userId, lifted);
    return lifted;
  }
}

let feed: ManualFeed;
let source: ManualSource;
let hub: WatchHub;
let failures: unknown[];

beforeEach(() => {
  feed = new ManualFeed();
  source = new ManualSource();
  failures = [];
  hub = new WatchHub({ feed, source, onReadFailed: (error) => failures.push(error) });
});

function watch(...userIds: UserId[]): Watch {
  const watcher = hub.watch(() => {});
  watcher.add(userIds);
  return watcher;
}

function all(watcher: Watch): string[] {
  const told: string[] = [];
  for (let event = watcher.take(); event !== undefined; event = watcher.take()) told.push(line(event));
  return told;
}

function line(event: WatchEvent): string {
  if (event.kind === "feed") return event.state;
  if (event.kind === "change") return short(event.presence);
  return `[${event.presences.map(short).join(" ")}]`;
}

function short({ userId, version }: Presence): string {
  return `${userId}@${version}`;
}

/** Lets every promise that is ready go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function live(...userIds: UserId[]): Promise<Watch> {
  const watcher = watch(...userIds);
  feed.listener?.subscribed(userIds);
  await settled();
  all(watcher);
  return watcher;
}

describe("a watch", () => {
  test("subscribes, then reads, then passes on only higher versions", async () => {
    const watcher = watch(alice, bob);
    expect(feed.subscribed).toEqual([alice, bob]);
    expect(source.asked).toEqual([]);
    source.presences.set(alice, presence(alice, 5));
    feed.listener?.subscribed([alice, bob]);
    feed.listener?.changed(presence(bob, 7));
    await settled();
    feed.listener?.changed(presence(alice, 4));
    expect(all(watcher)).toEqual(["[alice@5 bob@7]"]);
    feed.listener?.changed(presence(alice, 6));
    feed.listener?.changed(presence(alice, 6));
    expect(all(watcher)).toEqual(["alice@6"]);
  });

  test("tells nothing of anyone before everyone is known", async () => {
    const watcher = watch(alice, bob);
    feed.listener?.subscribed([alice]);
    await settled();
    feed.listener?.changed(presence(alice, 2));
    expect(all(watcher)).toEqual([]);
    feed.listener?.subscribed([bob]);
    await settled();
    expect(all(watcher)).toEqual(["[alice@2 bob@0]"]);
  });

  test("keeps only the last presence for a slow watcher", async () => {
    const watcher = await live(alice, bob);
    for (let version = 1; version <= 1_000; version++) feed.listener?.changed(presence(alice, version));
    feed.listener?.changed(presence(bob, 3));
    expect(all(watcher)).toEqual(["alice@1000", "bob@3"]);
  });

  test("wakes its owner when there is something, and not for old news", async () => {
    let woken = 0;
    const watcher = hub.watch(() => woken++);
    watcher.add([alice]);
    feed.listener?.subscribed([alice]);
    await settled();
    expect(woken).toBe(1);
    all(watcher);
    feed.listener?.changed(presence(alice, 3));
    feed.listener?.changed(presence(alice, 2));
    expect(woken).toBe(2);
  });

  test("says STALE at a break, and a fresh snapshot of everyone after", async () => {
    const watcher = await live(alice, bob);
    feed.listener?.broken([alice]);
    feed.listener?.changed(presence(bob, 4));
    expect(all(watcher)).toEqual(["STALE"]);
    source.presences.set(alice, presence(alice, 9));
    feed.listener?.subscribed([alice]);
    await settled();
    expect(all(watcher)).toEqual(["[alice@9 bob@4]", "LIVE"]);
    feed.listener?.changed(presence(bob, 5));
    expect(all(watcher)).toEqual(["bob@5"]);
  });

  test("a break while it waits for its snapshot is no news to the watcher", async () => {
    const watcher = watch(alice);
    feed.listener?.subscribed([alice]);
    feed.listener?.broken(undefined);
    await settled();
    expect(all(watcher)).toEqual([]);
    feed.listener?.subscribed([alice]);
    await settled();
    expect(all(watcher)).toEqual(["[alice@0]"]);
  });

  test("a read from before a break proves nothing after it", async () => {
    const watcher = watch(alice);
    let release = () => {};
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    feed.listener?.subscribed([alice]);
    feed.listener?.broken(undefined);
    source.presences.set(alice, presence(alice, 2));
    feed.listener?.subscribed([alice]);
    release();
    await settled();
    expect(all(watcher)).toEqual(["[alice@2]"]);
    expect(source.asked).toHaveLength(2);
  });

  test("a failed read is tried again, and never passes for trust", async () => {
    const watcher = watch(alice);
    source.fail = true;
    feed.listener?.subscribed([alice]);
    await settled();
    expect(failures).toHaveLength(1);
    hub.tick(249);
    await settled();
    expect([all(watcher), source.asked.length]).toEqual([[], 1]);
    source.fail = false;
    hub.tick(250);
    await settled();
    expect(all(watcher)).toEqual(["[alice@0]"]);
  });

  test("a read that fails after the feed broke waits for the next subscription", async () => {
    watch(alice);
    source.fail = true;
    feed.listener?.subscribed([alice]);
    feed.listener?.broken(undefined);
    await settled();
    hub.tick(1_000);
    await settled();
    expect(source.asked).toHaveLength(1);
  });

  test("grows and shrinks: a snapshot of the new ones, silence about the others", async () => {
    const watcher = await live(alice);
    watcher.add([bob]);
    feed.listener?.changed(presence(alice, 2));
    expect(all(watcher)).toEqual(["alice@2"]);
    feed.listener?.subscribed([bob]);
    await settled();
    expect(all(watcher)).toEqual(["[bob@0]"]);
    watcher.remove([alice]);
    feed.listener?.changed(presence(alice, 3));
    expect(all(watcher)).toEqual([]);
    expect(watcher.size).toBe(1);
  });

  test("who is removed does not hold up the snapshot of the others", async () => {
    const watcher = watch(alice, bob);
    feed.listener?.subscribed([alice]);
    await settled();
    watcher.remove([bob]);
    expect(all(watcher)).toEqual(["[alice@0]"]);
  });
});

describe("the hub", () => {
  test("has one subscription a user, and reads afresh for a second watcher, who may know more than the feed has brought", async () => {
    await live(alice);
    source.presences.set(alice, presence(alice, 6));
    const second = watch(alice);
    expect(all(second)).toEqual([]);
    await settled();
    expect(all(second)).toEqual(["[alice@6]"]);
    expect([feed.subscribed, source.asked.length]).toEqual([[alice], 2]);
  });

  test("a read that began before a watch does not count for it", async () => {
    await live(alice);
    let release = () => {};
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    const second = watch(alice);
    source.presences.set(alice, presence(alice, 6));
    const third = watch(alice);
    release();
    await settled();
    expect([all(second), all(third)]).toEqual([["[alice@6]"], ["[alice@6]"]]);
    expect(source.asked).toHaveLength(3);
  });

  test("a break elsewhere does not drop the snapshot that a newcomer waits for", async () => {
    const watcher = await live(alice, bob);
    const carol = parseUserId("carol");
    watcher.add([carol]);
    feed.listener?.broken([alice]);
    feed.listener?.subscribed([alice]);
    await settled();
    expect(all(watcher)).toEqual(["STALE"]);
    feed.listener?.subscribed([carol]);
    await settled();
    expect(all(watcher)).toEqual(["[alice@0 bob@0 carol@0]", "LIVE"]);
  });

  test("keeps a subscription for a while after its last watcher", async () => {
    const watcher = await live(alice);
    hub.tick(1_000);
    watcher.close();
    hub.tick(10_999);
    const next = watch(alice);
    await settled();
    expect(all(next)).toEqual(["[alice@0]"]);
    hub.tick(60_000);
    expect([feed.subscribed, feed.unsubscribed]).toEqual([[alice], []]);
  });

  test("releases it after that", async () => {
    const watcher = await live(alice);
    watcher.close();
    hub.tick(10_000);
    expect([feed.unsubscribed, hub.size]).toEqual([[alice], 0]);
    feed.listener?.changed(presence(alice, 4));
    watch(alice);
    expect(feed.subscribed).toEqual([alice, alice]);
  });

  test("the audit finds what no signal announced, delivers and counts it", async () => {
    const watcher = await live(alice, bob);
    source.presences.set(alice, presence(alice, 8));
    for (let now = 0; now <= 10_100; now += 100) hub.tick(now);
    await settled();
    expect(all(watcher)).toEqual(["alice@8"]);
    expect(hub.counters.missedByFeed).toBe(1);
  });

  test("an audit that failed is made again soon, not a round later", async () => {
    const watcher = await live(alice, bob);
    source.presences.set(alice, presence(alice, 8));
    source.fail = true;
    let now = 0;
    for (; now <= 10_100; now += 100) {
      hub.tick(now);
      await settled();
    }
    source.fail = false;
    for (const end = now + 500; now <= end; now += 100) {
      hub.tick(now);
      await settled();
    }
    expect(all(watcher)).toEqual(["alice@8"]);
    expect(hub.counters.missedByFeed).toBe(1);
    // While the store is away it is asked a few times a second, not for each user.
    expect(failures.length).toBeLessThan(45);
  });

  test("a user whose record cannot be read keeps nobody else waiting, and is told when an audit can read him", async () => {
    source.unreadable.add(alice);
    source.presences.set(alice, presence(alice, 3));
    source.presences.set(bob, presence(bob, 7));
    const watcher = watch(alice, bob);
    feed.listener?.subscribed([alice, bob]);
    await settled();
    expect(all(watcher)).toEqual(["[bob@7]"]);
    expect(failures).toEqual([expect.objectContaining({ code: "UNAVAILABLE" })]);
    // Nor does he make anybody's view stale, or end an audit.
    source.presences.set(bob, presence(bob, 8));
    for (let now = 0; now <= 10_100; now += 100) hub.tick(now);
    await settled();
    expect(all(watcher)).toEqual(["bob@8"]);
    source.unreadable.clear();
    for (let now = 10_100; now <= 20_200; now += 100) hub.tick(now);
    await settled();
    expect(all(watcher)).toEqual(["alice@3"]);
  });

  test("a user who cannot be lifted keeps nobody else waiting", async () => {
    for (const user of [alice, bob]) source.presences.set(user, presence(user, 50));
    const watcher = await live(alice, bob);
    source.unwritable.add(alice);
    source.presences.set(alice, presence(alice, 40));
    source.presences.set(bob, presence(bob, 60));
    for (let now = 0; now <= 10_100; now += 100) {
      hub.tick(now);
      await settled();
    }
    expect(all(watcher)).toEqual(["bob@60"]);
    source.unwritable.clear();
    for (let now = 10_100; now <= 20_200; now += 100) {
      hub.tick(now);
      await settled();
    }
    expect(all(watcher)).toEqual(["alice@51"]);
  });

  test("reads that fail delay no audit of others by more than a try", async () => {
    await live(alice);
    source.fail = true;
    watch(bob);
    feed.listener?.subscribed([bob]);
    source.asked.length = 0;
    let now = 0;
    for (; now <= 10_500; now += 100) {
      hub.tick(now);
      await settled();
    }
    expect(source.asked.filter((users) => users.includes(alice)).length).toBeGreaterThan(0);
  });

  test("the audit reads everyone once in its time, not all at once", async () => {
    const users = Array.from({ length: 500 }, (_, index) => parseUserId(`user-${index}`));
    await live(...users);
    source.asked.length = 0;
    for (let now = 0; now <= 10_000; now += 100) {
      hub.tick(now);
      await settled();
    }
    expect(new Set(source.asked.flat()).size).toBe(500);
    expect(Math.max(...source.asked.map(({ length }) => length))).toBeLessThanOrEqual(6);
  });

  test("a store that went back is lifted above what was told", async () => {
    source.presences.set(alice, presence(alice, 50));
    const watcher = await live(alice);
    feed.listener?.broken(undefined);
    source.presences.set(alice, presence(alice, 40, "DND"));
    feed.listener?.subscribed([alice]);
    await settled();
    expect(all(watcher)).toEqual(["STALE", "[alice@51]", "LIVE"]);
    expect(hub.counters.outrun).toBe(1);
  });

  test("an answer that was overtaken by an event is late, not a store that went back", async () => {
    const watcher = watch(alice);
    let release = () => {};
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    feed.listener?.subscribed([alice]);
    feed.listener?.changed(presence(alice, 3));
    release();
    await settled();
    expect(all(watcher)).toEqual(["[alice@3]"]);
    expect(hub.counters.outrun).toBe(0);
  });

  test("a break of everyone is read again in batches of 1,000, one at a time", async () => {
    const users = Array.from({ length: 2_500 }, (_, index) => parseUserId(`user-${index}`));
    await live(...users);
    expect(source.asked.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  });
});
