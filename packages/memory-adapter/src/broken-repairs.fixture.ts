import { PresenceError, unknownRecord } from "@presence/domain";
import { brokenStore, claimAndForget, type Sabotage } from "./sabotage.fixture.ts";

/** A store with records that can be broken, which answers what `answer` makes of a broken one. */
function breakable(answer: (userId: string) => PresenceError | typeof unknownRecord): Sabotage {
  return (harness) => {
    const broken = new Set<string>();
    const { store, peer } = brokenStore((intact) => ({
      async load(userIds) {
        const { moment, entries } = await intact.load(userIds);
        return {
          moment,
          entries: entries.map((entry, index) => (broken.has(userIds[index] ?? "") ? answer(userIds[index] ?? "") : entry)),
        };
      },
    }))(harness);
    const breakRecord = async (userId: string) => void broken.add(userId);
    return { ...(store && { store }), ...(peer && { peer }), breakRecord };
  };
}

/** Stores that repair wrongly or let one user's broken data harm others, and the rule that must reject each. */
export const brokenRepairs: Readonly<Record<string, readonly [Sabotage, string]>> = {
  "arms nobody": [brokenStore(() => ({ async armDue() {} })), "a user who is armed is due then, whatever the index had lost"],
  "arms users later": [
    brokenStore((store) => ({
      async armDue(outcomes) {
        for (const { userId } of outcomes) await claimAndForget(store, userId);
        await store.armDue(outcomes);
      },
    })),
    "arming makes nobody due later",
  ],
  "arms by giving back": [
    brokenStore((store) => ({ armDue: (outcomes) => store.finishDue(outcomes) })),
    "arming a user who is held takes him from nobody",
  ],
  "arms without keeping": [
    brokenStore((store) => ({ armDue: (outcomes) => store.armDue(outcomes.map((outcome) => ({ ...outcome, keepForMs: undefined }))) })),
    "arming keeps a record that would be forgotten",
  ],
  "lets nobody lead": [
    brokenStore(() => ({ lead: async () => false })),
    "one server leads a task at a time, and another one when its time is over",
  ],
  "fails everyone for one broken record": [
    breakable((userId) => {
      throw PresenceError.unavailable(`the record of ${userId} cannot be read`, 1);
    }),
    "a record that cannot be read is an error in its place, and others are read",
  ],
  "takes a broken record for none": [
    breakable(() => unknownRecord),
    "a record that cannot be read is an error in its place, and others are read",
  ],
  "does not say whose record is broken": [
    breakable(() => PresenceError.unavailable("a record cannot be read", 1)),
    "a record that cannot be read is an error in its place, and others are read",
  ],
};
