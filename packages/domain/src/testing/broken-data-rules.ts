import { PresenceError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import type { RecordPage } from "../ports.ts";
import { AssertionError, assert, assertEqual } from "./assertions.ts";
import { aCommit, alice, aRecord, aRenewal, bob, carol } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { put } from "./steps.ts";

/** A rule about bob, whose record cannot be read, between alice and carol. It holds by itself where nothing can be broken. */
function brokenRule(name: string, check: (harness: Harness) => Promise<void>): ContractRule {
  return rule(name, async (harness) => {
    if (harness.breakRecord === undefined) return;
    for (const userId of [alice, bob, carol]) await put(harness, userId, (now) => aRecord(now));
    await harness.breakRecord(bob);
    await check(harness);
  });
}

function assertNames(error: unknown, userId: UserId, what: string): void {
  assert(error instanceof PresenceError, `${what}: expected an error, got ${JSON.stringify(error)}`);
  assertEqual(error.code, "UNAVAILABLE", `${what}: the code`);
  assert(error.message.includes(userId), `${what}: ${JSON.stringify(error.message)} names ${userId}`);
}

/** What a call answers, which must not fail for one of three users. */
async function notFailed<Answer>(call: Promise<Answer>, what: string): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw new AssertionError(`${what}: bob's record failed all: ${String(error)}`);
  }
}

/** Fails unless the middle one of three is an error about bob, and the others are none. */
function assertOnlyBob(entries: readonly unknown[], what: string): void {
  assertEqual(entries.length, 3, `${what}: how many`);
  assertNames(entries[1], bob, what);
  for (const index of [0, 2]) assert(!(entries[index] instanceof PresenceError), `${what}: entry ${index} is served`);
}

/** What is wrong with one user's data fails nobody else. */
export const brokenDataRules: readonly ContractRule[] = [
  brokenRule("a record that cannot be read is an error in its place, and others are read", async ({ store }) => {
    const asked = [alice, bob, carol];
    assertOnlyBob((await notFailed(store.load(asked), "load")).entries, "load");
    assertOnlyBob((await notFailed(store.loadForChange(asked), "loadForChange")).entries, "loadForChange");
  }),

  brokenRule("a renewal of a record that cannot be read is an error in its place, and others are renewed", async ({ store }) => {
    const { entries } = await notFailed(store.renew([alice, bob, carol].map((userId) => aRenewal(userId))), "renew");
    assertOnlyBob(entries, "renew");
    const renewed = entries.map((entry) => !(entry instanceof PresenceError) && entry.renewed);
    assertEqual(renewed, [true, false, true], "renewed");
  }),

  brokenRule("a record that cannot be read is never overwritten, and others are written", async (harness) => {
    const { moment } = await harness.store.load([]);
    for (const revision of [1, 2]) {
      const commits = [alice, bob, carol].map((userId) => aCommit(userId, aRecord(moment.now, { revision }), moment.now));
      const [first, second, third] = await notFailed(harness.store.commit(commits), "commit");
      const expected = revision === 1 ? "conflict" : "committed";
      assertEqual([first, third], [expected, expected], `the commits of revision ${revision}`);
      assert(second !== "committed", "bob's record is not overwritten");
    }
    assertOnlyBob((await harness.store.load([alice, bob, carol])).entries, "load after the commits");
  }),

  brokenRule("a scan names who cannot be read, and shows the others", async ({ store }) => {
    const users: RecordPage["users"][number][] = [];
    const unreadable: PresenceError[] = [];
    let next: string | undefined;
    do {
      const page = await notFailed(store.scan(next, 100), "scan");
      users.push(...page.users);
      unreadable.push(...page.unreadable);
      ({ next } = page);
    } while (next !== undefined);
    assertEqual([...users.map(({ userId }) => userId)].sort(), [alice, carol], "users");
    assertEqual(unreadable.length, 1, "how many are unreadable");
    assertNames(unreadable[0], bob, "scan");
  }),
];
