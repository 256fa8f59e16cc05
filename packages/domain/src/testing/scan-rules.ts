import { PresenceError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import type { PresenceStore } from "../ports.ts";
import type { PresenceRecord } from "../record.ts";
import { assert, assertEqual, assertRejects } from "./assertions.ts";
import { aCommit, alice, aRecord, bob, carol, lobby, login, users } from "./builders.ts";
import type { ContractRule } from "./harness.ts";
import { rule } from "./rule.ts";
import { entriesOf, put, tryCommits } from "./steps.ts";

/** Everyone a scan sees, with `between` called after each page. */
async function scanAll(
  store: PresenceStore,
  limit: number,
  between?: (page: number) => Promise<void>,
): Promise<Map<UserId, PresenceRecord>> {
  const seen = new Map<UserId, PresenceRecord>();
  let cursor: string | undefined;
  for (let page = 0; page < 10_000; page++) {
    const { users: found, next } = await store.scan(cursor, limit);
    assert(found.length <= limit, `a page of up to ${limit} users has ${found.length}`);
    for (const { userId, record } of found) seen.set(userId, record);
    await between?.(page);
    if (next === undefined) return seen;
    cursor = next;
  }
  throw new Error("the scan does not end");
}

function sorted(ids: Iterable<UserId>): readonly UserId[] {
  return [...ids].sort();
}

/** All users, page by page. */
export const scanRules: readonly ContractRule[] = [
  rule("a scan of an empty store sees nobody and ends", async ({ store }) => {
    assertEqual([...(await scanAll(store, 10))], [], "users");
  }),

  ...[1, 7, 60, 1_000].map((limit) =>
    rule(`a scan by ${limit} sees every user with his record`, async (harness) => {
      const many = users(60);
      await tryCommits(harness, (now) => many.map((userId, index) => aCommit(userId, aRecord(now, { version: index }), now)));
      const seen = await scanAll(harness.store, limit);
      assertEqual(sorted(seen.keys()), sorted(many), "users");
      assertEqual(
        [...many].map((userId) => seen.get(userId)),
        await entriesOf(harness.store.load(many)),
        "records",
      );
    }),
  ),

  rule("a scan sees nobody who is forgotten, and nobody who only has a session or a party", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await put(
      harness,
      bob,
      (now) => aRecord(now),
      (now) => ({ keepForMs: 30, due: now }),
    );
    await harness.putSession(carol, login);
    await harness.putPartyMembers(lobby, [carol]);
    await harness.advance(40);
    assertEqual([...(await scanAll(harness.store, 10)).keys()], [alice], "users");
  }),

  rule("who is there throughout a scan is seen, whoever comes and goes", async (harness) => {
    const all = users(120);
    const stay = all.slice(0, 60);
    await tryCommits(harness, (now) =>
      all.slice(0, 90).map((userId, index) => aCommit(userId, aRecord(now), now, { keepForMs: index < 60 ? 3_600_000 : 60 })),
    );
    const seen = await scanAll(harness.store, 10, async (page) => {
      if (page === 1) await harness.advance(70);
      const newcomer = all[90 + page];
      if (newcomer !== undefined && page < 20) await put(harness, newcomer, (now) => aRecord(now));
    });
    assertEqual(
      stay.filter((userId) => !seen.has(userId)),
      [],
      "users who stay and were not seen",
    );
  }),

  rule("a scan goes on from a token on every server", async (harness) => {
    const many = users(30);
    await tryCommits(harness, (now) => many.map((userId) => aCommit(userId, aRecord(now), now)));
    const first = await harness.store.scan(undefined, 10);
    const seen = new Set(first.users.map(({ userId }) => userId));
    for (let next = first.next; next !== undefined; ) {
      const page = await harness.peer.scan(next, 10);
      for (const { userId } of page.users) seen.add(userId);
      next = page.next;
    }
    assertEqual(sorted(seen), sorted(many), "users");
  }),

  ...["no token", "{}", "-1", "ü", " "].map((token) =>
    rule(`a token that no scan gave is an invalid argument: ${JSON.stringify(token)}`, async ({ store }) => {
      const error = await assertRejects(store.scan(token, 10), "a scan from a bad token");
      assert(error instanceof PresenceError && error.code === "INVALID_ARGUMENT", `expected INVALID_ARGUMENT, got ${String(error)}`);
      assertEqual(
        error.violations.map(({ field }) => field),
        ["page_token"],
        "the fields in question",
      );
    }),
  ),
];
