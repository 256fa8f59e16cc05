import { parseUserId } from "../ids.ts";
import { assertBetween, assertEqual } from "./assertions.ts";
import { alice, aRecord, bob, login, longMs } from "./builders.ts";
import type { ContractRule } from "./harness.ts";
import { rule } from "./rule.ts";
import { put } from "./steps.ts";

/** What every `SessionDirectory` must do. */
export const sessionContract: readonly ContractRule[] = [
  rule("a user without a session has none", async ({ sessions }) => {
    assertEqual(await sessions.find(alice), undefined, "the session");
  }),

  rule("a session tells its id and its roles as they were written", async (harness) => {
    await harness.putSession(alice, login);
    await harness.putSession(bob, { sessionId: "s 2 ü", roles: '["user"]' });
    assertEqual(await harness.sessions.find(alice), { sessionId: "s1", roles: "user admin", ttlMs: undefined }, "the session of alice");
    assertEqual(await harness.sessions.find(bob), { sessionId: "s 2 ü", roles: '["user"]', ttlMs: undefined }, "the session of bob");
  }),

  rule("a session without those fields exists all the same", async (harness) => {
    await harness.putSession(alice, { name: "Alice" });
    assertEqual(await harness.sessions.find(alice), { sessionId: undefined, roles: undefined, ttlMs: undefined }, "the session");
  }),

  rule("an empty field is there and empty", async (harness) => {
    await harness.putSession(alice, { sessionId: "s1", roles: "" });
    assertEqual((await harness.sessions.find(alice))?.roles, "", "the roles");
  }),

  rule("a session tells how long it has left", async (harness) => {
    const start = await harness.now();
    await harness.putSession(alice, login, longMs);
    await harness.advance(20);
    const session = await harness.sessions.find(alice);
    const passed = (await harness.now()) - start;
    assertBetween(session?.ttlMs, longMs - passed - harness.toleranceMs, longMs - 20 + harness.toleranceMs, "the remaining time");
  }),

  rule("a session that expired or was deleted is none", async (harness) => {
    await harness.putSession(alice, login, 30);
    await harness.putSession(bob, login);
    await harness.deleteSession(bob);
    await harness.advance(40);
    assertEqual([await harness.sessions.find(alice), await harness.sessions.find(bob)], [undefined, undefined], "the sessions");
  }),

  rule("a new login replaces the session", async (harness) => {
    await harness.putSession(alice, login, 30);
    await harness.putSession(alice, { sessionId: "s2" });
    await harness.advance(40);
    assertEqual(await harness.sessions.find(alice), { sessionId: "s2", roles: undefined, ttlMs: undefined }, "the session");
  }),

  rule("reading a session changes nothing", async (harness) => {
    await harness.putSession(alice, login);
    await harness.sessions.find(alice);
    await harness.sessions.find(bob);
    assertEqual(await harness.readSession(alice), { fields: login, ttlMs: undefined }, "the session hash of alice");
    assertEqual(await harness.readSession(bob), undefined, "the session hash of bob");
  }),

  rule("a presence record is no session", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    assertEqual(await harness.sessions.find(alice), undefined, "the session");
  }),

  rule("every user id has its own session", async (harness) => {
    const similar = ["a", "a:b", "a:b:members", "A", "session:a", "x".repeat(128)].map((id) => parseUserId(id));
    for (const userId of similar) await harness.putSession(userId, { sessionId: userId });
    for (const userId of similar) assertEqual((await harness.sessions.find(userId))?.sessionId, userId, `the session of ${userId}`);
  }),
];
