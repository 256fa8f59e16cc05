import { describe, expect, test } from "vitest";
import type { Presence } from "../presence.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import type { AttachUpdate } from "./attach-update.ts";
import { short } from "./attachment.fixture.ts";
import { UpdateQueue } from "./update-queue.ts";

function presence(userId: string, version: bigint): Presence {
  return { userId, status: "ONLINE", since: undefined, lastSeen: undefined, message: "", version, validUntil: undefined };
}

/** A queue that was given presences in the order of their versions. */
function filled(updates: readonly AttachUpdate[]): UpdateQueue {
  const latest = new Map<string, Presence>();
  const queue = new UpdateQueue((userId) => latest.get(userId));
  for (const update of updates) {
    for (const one of "presences" in update ? update.presences : "presence" in update ? [update.presence] : []) latest.set(one.userId, one);
    queue.put(update);
  }
  return queue;
}

async function rest(queue: UpdateQueue): Promise<string[]> {
  queue.end();
  const lines: string[] = [];
  for await (const update of queue.read()) lines.push(short(update));
  return lines;
}

const snapshot = (...presences: Presence[]): AttachUpdate => ({ kind: "snapshot", presences });
const change = (userId: string, version: bigint): AttachUpdate => ({ kind: "change", presence: presence(userId, version) });

describe("what is not read yet", () => {
  test("is one snapshot of all users, as new as anything before it", async () => {
    const queue = filled([
      snapshot(presence("alice", 1n), presence("bob", 1n)),
      change("alice", 2n),
      change("bob", 2n),
      snapshot(presence("bob", 3n), presence("carol", 3n)),
      change("carol", 4n),
    ]);
    expect(await rest(queue)).toEqual(["alice2", "[alice2 bob3 carol3]", "carol4"]);
  });

  test("is the last state of the connection, and the last that happened to each member", async () => {
    const queue = filled([
      { kind: "stale", reason: undefined, retryInMs: undefined },
      { kind: "joined", presence: presence("alice", 1n), partyId: "lobby" },
      { kind: "left", userId: "alice", partyId: "lobby" },
      { kind: "left", userId: "alice", partyId: "hall" },
      { kind: "live" },
    ]);
    expect(await rest(queue)).toEqual(["lobby -alice", "hall -alice", "live"]);
  });

  test("is a party as its last snapshot says it, without what happened before", async () => {
    const queue = filled([
      { kind: "left", userId: "alice", partyId: "lobby" },
      { kind: "left", userId: "alice", partyId: "lobby-2" },
      { kind: "snapshot", presences: [presence("bob", 1n)], partyId: "lobby" },
    ]);
    expect(await rest(queue)).toEqual(["lobby-2 -alice", "lobby [bob1]"]);
  });

  test("is nothing of a party that is watched no more", async () => {
    const queue = filled([
      { kind: "snapshot", presences: [presence("bob", 1n)], partyId: "lobby" },
      { kind: "left", userId: "bob", partyId: "lobby" },
      change("alice", 1n),
    ]);
    queue.prune(() => false);
    expect(await rest(queue)).toEqual(["alice1"]);
  });

  test("is bounded: who never reads learns that he has missed something", async () => {
    const reason = new PresenceClientError("FAILED_PRECONDITION", "it left");
    const device = (index: number) => ({ kind: "device-lost", userId: `user-${index}`, deviceId: "phone", reason }) as const;
    const queue = filled(Array.from({ length: 20_001 }, (_, index) => device(index)));
    expect(queue.size).toBe(0);
    await expect(queue.read().next()).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  });
});
