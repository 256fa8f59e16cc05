import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import type { PresenceServiceClient } from "@presence/proto";
import type { AuthService } from "../auth-service.ts";
import { seconds } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const races = 100_000;
const racesAtOnce = 200;
/** Every third user logs in again in the middle of the race. */
const reLogin = 3;
const maxDelayMs = 4;
const mostTries = 20;
const retryMs = 100;

/** The auth service deletes session hashes while heartbeats of the same users are on their way. */
export const sessionRaces: Row = {
  name: "session-races",
  fault: `the auth service deletes a session against heartbeats of its user, ${races.toLocaleString("en")} times, and often writes a new one`,
  target: "no session without TTL, none resurrected: 0",
  heavy: true,
  async play(timing) {
    const world = await World.start({ timing, watchers: 1, sessions: true });
    try {
      const startedAt = performance.now();
      const lies: Lie[] = [];
      const rounds = Math.ceil(races / timing.crowdDivisor / racesAtOnce);
      let refused = 0;
      for (let round = 0; round < rounds; round++) {
        const users = Array.from({ length: racesAtOnce }, (_, index) => `racing-${round}-${index}`);
        const result = await race(world, users);
        refused += result.refused;
        lies.push(...result.lies);
      }
      const tookMs = performance.now() - startedAt;
      const immortals = await world.auth.immortals();
      for (const user of immortals) lies.push({ promise: "truthful", what: `the session of ${user} never ends` });
      lies.push(...(await world.verdict()));
      return {
        lies,
        figures: `${rounds * racesAtOnce} races in ${seconds(tookMs)}, ${refused} heartbeats came after the end and were refused; ${immortals.length} sessions without TTL`,
      };
    } finally {
      await world.close();
    }
  },
};

async function race(
  { auth, channels }: World,
  users: readonly string[],
): Promise<{ readonly refused: number; readonly lies: readonly Lie[] }> {
  await auth.logIn(users);
  await beat(channels[0], users);
  const again = users.filter((_, index) => index % reLogin === 0);
  const [early, late, elsewhere] = await Promise.all([
    beat(channels[0], users),
    sleep(Math.random() * maxDelayMs).then(() => beat(channels[0], users)),
    sleep(Math.random() * maxDelayMs).then(() => beat(channels[1], users)),
    ...users.map((user, index) => endSession(auth, user, index % reLogin === 0)),
  ]);
  const lies: Lie[] = [];
  const ended = users.filter((_, index) => index % reLogin !== 0);
  for (const [index, ttl] of (await auth.timesToLive(ended)).entries()) {
    if (ttl !== -2) lies.push({ promise: "truthful", what: `the deleted session of ${ended[index]} is back, with a TTL of ${ttl}` });
  }
  // The new session is bound by the next login of an app at the latest.
  await Promise.all(again.map((user) => connect(channels[1], user)));
  for (const [index, ttl] of (await auth.timesToLive(again)).entries()) {
    if (ttl < 0) lies.push({ promise: "truthful", what: `the new session of ${again[index]} has a TTL of ${ttl}` });
  }
  await auth.logOut(again);
  return { refused: early + late + elsewhere, lies };
}

async function endSession(auth: AuthService, user: string, again: boolean): Promise<void> {
  await sleep(Math.random() * maxDelayMs);
  await auth.logOut([user]);
  if (!again) return;
  await sleep(Math.random() * maxDelayMs);
  await auth.logIn([user]);
}

/** Resolves to how many heartbeats were refused, because the session had ended. */
function beat(channel: PresenceServiceClient | undefined, users: readonly string[]): Promise<number> {
  const heartbeats = users.map((userId) => ({ userId, deviceId: "phone", idleFor: undefined }));
  return whenAvailable(
    () =>
      new Promise((resolve, reject) => {
        channel?.batchHeartbeat({ heartbeats }, (error, answer) => {
          if (error === null) resolve(answer.results.filter((result) => result.error !== undefined).length);
          else reject(error);
        });
      }),
  );
}

function connect(channel: PresenceServiceClient | undefined, userId: string): Promise<void> {
  return whenAvailable(
    () =>
      new Promise((resolve, reject) => {
        channel?.connect({ userId, deviceId: "phone", idleFor: undefined }, (error) => (error === null ? resolve() : reject(error)));
      }),
  );
}

/** A Redis that is late on a busy machine is no fault of this row: what an app does is to try again. */
async function whenAvailable<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if ((error as ServiceError).code !== status.UNAVAILABLE || tries === mostTries) throw error;
      await sleep(retryMs);
    }
  }
}
