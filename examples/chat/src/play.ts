import type { AuthService } from "./auth-service.ts";
import type { Clock } from "./clock.ts";
import type { Friend } from "./friend.ts";
import type { PartyService } from "./party-service.ts";
import type { RunningApp } from "./running-app.ts";

export const users = ["alice", "bob", "carol"] as const;
export const party = "lobby";

/** What the play is played with. */
export interface Stage {
  readonly auth: AuthService;
  readonly parties: PartyService;
  readonly friend: Friend;
  readonly clock: Clock;
  /** Starts the app of a user; resolves when it is connected. */
  openApp(userId: string): Promise<RunningApp>;
  /** Says what happens, for the reader. */
  narrate(what: string): void;
}

/** One evening of three users. What follows from what they do, a friend sees; each scene waits until he does. */
export async function play({ auth, parties, friend, clock, openApp, narrate }: Stage): Promise<void> {
  await friend.watch(users, party);

  const logIn = async (userId: string, atSecond: number) => {
    await clock.second(atSecond);
    narrate(`${userId} logs in`);
    await auth.login(userId, userId);
    const app = await openApp(userId);
    await friend.sees(userId, "ONLINE");
    return app;
  };
  const alice = await logIn("alice", 1);
  const bob = await logIn("bob", 2);
  const carol = await logIn("carol", 3);

  await clock.second(4);
  narrate("they meet in a party");
  await parties.join(party, ...users);
  await friend.seesMembers(...users);

  await clock.second(5);
  narrate("bob does not want to be disturbed for 3 seconds");
  bob.does({ does: "do-not-disturb", forMs: 3_000, message: "in a meeting" });
  await friend.sees("bob", "DND");
  await friend.sees("bob", "ONLINE");

  await clock.second(9);
  narrate("alice looks away; after 3 seconds she counts as idle");
  alice.does({ does: "look-away" });
  await friend.sees("alice", "AWAY");
  await clock.second(13);
  narrate("alice is back");
  alice.does({ does: "come-back" });
  await friend.sees("alice", "ONLINE");

  await clock.second(14);
  narrate("carol's app crashes; it has a second to come back");
  await carol.crash();
  await friend.sees("carol", "OFFLINE");

  await clock.second(16);
  narrate("bob leaves the party");
  await parties.leave(party, "bob");
  await friend.seesMembers("alice", "carol");

  await clock.second(17);
  narrate("alice logs out: her session is deleted, and her app learns it");
  await auth.logout("alice");
  await friend.sees("alice", "OFFLINE");

  await clock.second(18);
  narrate("bob quits his app");
  bob.does({ does: "quit" });
  await friend.sees("bob", "OFFLINE");
  await Promise.all([bob.ended(), alice.ended()]);
}
