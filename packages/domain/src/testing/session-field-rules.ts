import type { SessionTtlPolicy } from "../policy.ts";
import { statuses } from "../status.ts";
import { after } from "../time.ts";
import { assert, assertBetween, assertEqual } from "./assertions.ts";
import { aDevice, alice, aRecord, aRenewal, login, longMs } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";
import { put, putWithSession, recordOf, renewOne, sessionOf } from "./steps.ts";

/** What is left of a session beside the lease before a sign of life; undefined: it has no expiration. */
type Before = "shorter" | "longer" | undefined;
type After = "the lease" | "as before";

/** What a sign of life makes of a session's remaining time. */
const ttlTable: readonly (readonly [SessionTtlPolicy, Before, After])[] = [
  ["align", "shorter", "the lease"],
  ["align", undefined, "the lease"],
  ["align", "longer", "as before"],
  ["exact", "shorter", "the lease"],
  ["exact", undefined, "the lease"],
  ["exact", "longer", "the lease"],
  ["off", "shorter", "as before"],
  ["off", undefined, "as before"],
  ["off", "longer", "as before"],
];

function ttlBefore(harness: Harness, before: Before): number | undefined {
  const { leaseTtlMs } = harness.policy;
  return before === undefined ? undefined : before === "shorter" ? Math.floor(leaseTtlMs * 0.7) : leaseTtlMs + longMs;
}

/** Fails unless the session's remaining time is `expected` milliseconds, less what has passed since `start`. */
async function assertTtl(harness: Harness, expected: number | undefined, start: number, what: string): Promise<void> {
  const { ttlMs } = await sessionOf(harness, alice);
  if (expected === undefined) assertEqual(ttlMs, undefined, what);
  else assertBetween(ttlMs, expected - ((await harness.now()) - start) - harness.toleranceMs, expected + harness.toleranceMs, what);
}

function ttlRules([sessionTtl, before, outcome]: (typeof ttlTable)[number]): readonly ContractRule[] {
  const session = before === undefined ? "a session without expiration" : `a session of a ${before} time`;
  const title = (by: string) =>
    `with ${sessionTtl}, ${by} ${outcome === "the lease" ? `makes the lease of ${session}` : `leaves ${session} as it is`}`;
  const expected = (harness: Harness) => (outcome === "the lease" ? harness.policy.leaseTtlMs : ttlBefore(harness, before));
  return [
    rule(
      title("a commit of a sign of life"),
      async (harness) => {
        const start = await harness.now();
        await harness.putSession(alice, login, ttlBefore(harness, before));
        await put(
          harness,
          alice,
          (now) => aRecord(now),
          () => ({ session: true }),
        );
        await assertTtl(harness, expected(harness), start, "the session's time");
      },
      { sessionTtl },
    ),
    rule(
      title("a renewal"),
      async (harness) => {
        const { leaseTtlMs } = harness.policy;
        await putWithSession(harness, (now) =>
          aRecord(now, { devices: [aDevice(now, { leaseUntil: after(now, Math.floor(leaseTtlMs / 2)) })] }),
        );
        const start = await harness.now();
        await harness.putSession(alice, { ...login, status: "ONLINE" }, ttlBefore(harness, before));
        assert((await renewOne(harness.store, aRenewal(alice, { leaseForMs: leaseTtlMs }))).renewed, "the renewal is granted");
        await assertTtl(harness, expected(harness), start, "the session's time");
      },
      { sessionTtl },
    ),
  ];
}

/** The one field that presence owns in the auth service's hash, and its expiration. */
export const sessionFieldRules: readonly ContractRule[] = [
  ...statuses.map((status) =>
    rule(`a commit writes ${status} into the session hash and touches no other field`, async (harness) => {
      const fields = { ...login, status: status === "AWAY" ? "DND" : "AWAY", note: "größe \n 日本語" };
      await harness.putSession(alice, fields);
      await put(
        harness,
        alice,
        (now) => aRecord(now, { status }),
        () => ({ session: true }),
      );
      assertEqual((await sessionOf(harness, alice)).fields, { ...fields, status }, "the session hash");
    }),
  ),

  rule("a commit that is no sign of life writes the status and leaves the session's expiration alone", async (harness) => {
    for (const before of [undefined, "shorter", "longer"] as const) {
      const start = await harness.now();
      await harness.putSession(alice, login, ttlBefore(harness, before));
      const revision = (await recordOf(harness.store, alice)).revision + 1;
      await put(
        harness,
        alice,
        (now) => aRecord(now, { revision, status: "OFFLINE" }),
        () => ({ session: true, signOfLife: false }),
      );
      assertEqual((await sessionOf(harness, alice)).fields, { ...login, status: "OFFLINE" }, "the session hash");
      await assertTtl(harness, ttlBefore(harness, before), start, `the time of a session with ${before ?? "no"} expiration`);
    }
  }),

  rule("presence never creates a session hash", async (harness) => {
    await put(harness, alice, (now) => aRecord(now));
    await put(harness, alice, (now) => aRecord(now, { revision: 2, status: "DND" }));
    await harness.store.renew([aRenewal(alice)]);
    await harness.store.claimDue(10);
    await harness.store.finishDue([{ userId: alice, due: undefined, keepForMs: longMs }]);
    assertEqual(await harness.readSession(alice), undefined, "the session hash");
    assertEqual(await harness.sessions.find(alice), undefined, "the session");
  }),

  rule("a renewal touches no field of the session hash", async (harness) => {
    await putWithSession(harness);
    assert((await renewOne(harness.store, aRenewal(alice))).renewed, "the renewal is granted");
    assertEqual((await sessionOf(harness, alice)).fields, { ...login, status: "ONLINE" }, "the session hash");
  }),

  ...ttlTable.flatMap(ttlRules),
];
