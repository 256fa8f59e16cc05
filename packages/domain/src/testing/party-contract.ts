import { PresenceError } from "../errors.ts";
import { parsePartyId } from "../ids.ts";
import { maxPartyMembers, type PartyMembers } from "../ports.ts";
import { assert, assertEqual, assertRejects } from "./assertions.ts";
import { alice, bob, lobby, users } from "./builders.ts";
import type { ContractRule, Harness } from "./harness.ts";
import { rule } from "./rule.ts";

async function members({ parties }: Harness): Promise<PartyMembers> {
  const { userIds, invalid } = await parties.members(lobby);
  return { userIds: [...userIds].sort(), invalid };
}

/** What every `PartyDirectory` must do. */
export const partyContract: readonly ContractRule[] = [
  rule("an unknown party has no members", async (harness) => {
    assertEqual(await members(harness), { userIds: [], invalid: 0 }, "the members");
  }),

  rule("a party has its members, each once", async (harness) => {
    await harness.putPartyMembers(lobby, [alice, bob, alice]);
    assertEqual(await members(harness), { userIds: [alice, bob], invalid: 0 }, "the members");
  }),

  rule("members whose names are no user ids are left out and counted", async (harness) => {
    await harness.putPartyMembers(lobby, [alice, "", "two words", "größe", "x".repeat(129), "a\nb", bob]);
    assertEqual(await members(harness), { userIds: [alice, bob], invalid: 5 }, "the members");
  }),

  rule("who joins and who leaves is seen at the next look", async (harness) => {
    await harness.putPartyMembers(lobby, [alice]);
    await members(harness);
    await harness.putPartyMembers(lobby, [bob]);
    assertEqual(await members(harness), { userIds: [bob], invalid: 0 }, "the members");
    await harness.putPartyMembers(lobby, []);
    assertEqual(await members(harness), { userIds: [], invalid: 0 }, "the members of a party that everyone left");
  }),

  rule("who is in a party is known, also where it is too large to be listed", async (harness) => {
    const { parties } = harness;
    await harness.putPartyMembers(lobby, [alice]);
    assertEqual(await parties.isMember(lobby, alice), true, "whether alice is in it");
    assertEqual(await parties.isMember(lobby, bob), false, "whether bob is in it");
    assertEqual(await parties.isMember(parsePartyId("nowhere"), alice), false, "whether alice is in an unknown party");
    await harness.putPartyMembers(lobby, [...users(maxPartyMembers), bob]);
    assertEqual(await parties.isMember(lobby, bob), true, "whether bob is in the large party");
    assertEqual(await parties.isMember(lobby, alice), false, "whether alice is in the large party");
  }),

  rule("parties are apart", async (harness) => {
    await harness.putPartyMembers(lobby, [alice]);
    await harness.putPartyMembers(parsePartyId("lobby:members"), [bob]);
    assertEqual(await members(harness), { userIds: [alice], invalid: 0 }, "the members");
  }),

  rule("the largest party is listed", async (harness) => {
    await harness.putPartyMembers(lobby, users(maxPartyMembers));
    assertEqual(await members(harness), { userIds: [...users(maxPartyMembers)].sort(), invalid: 0 }, "the members");
  }),

  rule("a larger party is refused, whoever its members are", async (harness) => {
    for (const extra of ["one-more", "no user id"]) {
      await harness.putPartyMembers(lobby, [...users(maxPartyMembers), extra]);
      const error = await assertRejects(harness.parties.members(lobby), "a party of more than the limit");
      assert(error instanceof PresenceError && error.code === "LIMIT_EXCEEDED", `expected LIMIT_EXCEEDED, got ${String(error)}`);
    }
  }),

  rule("who follows a party hears of its changes until he ends it", async (harness) => {
    let heard = 0;
    const unfollow = harness.parties.follow(lobby, () => {
      heard++;
    });
    // A hint may be lost, the first ones most of all: the party changes until one comes.
    for (let change = 0; heard === 0 && change < 40; change++) {
      await harness.putPartyMembers(lobby, users(1 + (change % 2)));
      await harness.advance(25);
    }
    assert(heard > 0, "a hint comes");
    unfollow();
    await harness.advance(100);
    heard = 0;
    await harness.putPartyMembers(lobby, [alice]);
    await harness.advance(100);
    assertEqual(heard, 0, "hints after the end");
  }),
];
