import { PresenceService, parseUserId, presencePolicy } from "@presence/domain";
import { expect, test } from "vitest";
import { memoryAdapter } from "./memory-adapter.ts";

const alice = parseUserId("alice");
const bob = parseUserId("bob");

function listeningService() {
  const policy = presencePolicy();
  const { feed, ...adapter } = memoryAdapter({ policy });
  const told: string[] = [];
  feed.listen({
    subscribed: (userIds) => told.push(`subscribed ${userIds.join(" ")}`),
    changed: ({ userId, status }) => told.push(`${userId} ${status}`),
    broken: () => told.push("broken"),
  });
  return { service: new PresenceService({ ...adapter, policy }), feed, told };
}

test("changes of wanted users are told after their subscription, and of nobody else", async () => {
  const { service, feed, told } = listeningService();
  feed.subscribe([alice]);
  await service.setStatus({ userId: alice, status: "DND" });
  await service.setStatus({ userId: bob, status: "DND" });
  expect(told).toEqual(["subscribed alice", "alice DND"]);
});

test("who is not wanted any more is not told", async () => {
  const { service, feed, told } = listeningService();
  feed.subscribe([alice, bob]);
  feed.unsubscribe([alice]);
  await service.setStatus({ userId: alice, status: "DND" });
  expect(told).toEqual(["subscribed bob"]);
});

test("a feed has one listener", () => {
  const { feed } = listeningService();
  expect(() => feed.listen({ subscribed() {}, changed() {}, broken() {} })).toThrow("listener");
});
