// A chat with presence: an auth service, a party service, three apps, and what a friend of them sees.
// From a checkout: script/build, then node examples/chat/dist/main.js. It starts a Redis of its own, or works on the one that REDIS_URL names.

import { Redis } from "ioredis";
import { AuthService } from "./auth-service.ts";
import { redisFor, startServer } from "./backstage.ts";
import { Clock } from "./clock.ts";
import { Friend } from "./friend.ts";
import { PartyService } from "./party-service.ts";
import { party, play, users } from "./play.ts";
import { RunningApp } from "./running-app.ts";

const cleanUps: (() => unknown)[] = [];
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error(`${signal} came`)));
});

try {
  await Promise.race([perform(), interrupted]);
} catch (error) {
  fail(error);
}
for (const cleanUp of cleanUps.reverse()) {
  try {
    await cleanUp();
  } catch (error) {
    fail(error);
  }
}
// A scene that was cut short still waits for what will not come.
process.exit();

function fail(error: unknown): void {
  console.error(`the play could not go on: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function perform(): Promise<void> {
  const stored = await redisFor(process.env.REDIS_URL);
  cleanUps.push(() => stored.stop());
  const redis = new Redis(stored.url, { maxRetriesPerRequest: 1 });
  // The command that fails tells it, too.
  redis.on("error", () => {});
  cleanUps.push(() => redis.disconnect());
  const auth = new AuthService(redis);
  const parties = new PartyService(redis);
  for (const userId of users) {
    if (await auth.isLoggedIn(userId)) throw new Error(`${stored.url} has a session of ${userId} already; the play would end it`);
  }
  cleanUps.push(async () => {
    for (const userId of users) await auth.logout(userId);
    await parties.disband(party);
  });

  const server = await startServer(stored.url);
  cleanUps.push(() => server.stop());
  const clock = new Clock();
  const friend = new Friend(server.address, (who, what) => console.log(`${clock}  ${who.padEnd(6)} ${what}`));
  cleanUps.push(() => friend.close());
  const openApp = async (userId: string) => {
    const app = await RunningApp.start(server.address, userId);
    cleanUps.push(() => app.stop());
    return app;
  };
  const narrate = (what: string) => console.log(dim(`${clock}  ── ${what}`));
  await Promise.race([play({ auth, parties, friend, clock, openApp, narrate }), server.failed]);
}

function dim(text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[2m${text}\u001b[22m` : text;
}
