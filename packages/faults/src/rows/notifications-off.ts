import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { milliseconds, percentile } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { World } from "../world.ts";
import { lagsOf } from "./lags.ts";
import type { Row } from "./row.ts";

const ended = Array.from({ length: 20 }, (_, index) => `ended-${index}`);
const switchOffEveryMs = 100;

/** Redis never says that a key has gone: that was only ever a hint. */
export const notificationsOff: Row = {
  name: "notifications-off",
  fault: "keyspace notifications switched off, again each time that a server might switch them on",
  target: "a deleted session is noticed at the next sign of life, a silent user by his lease; lost 0",
  async play(timing) {
    const world = await World.start({ timing, servers: 1, sessions: true, watched: ended });
    const off = setInterval(() => {
      // In the end the world is gone, and with it whom this asks.
      world.redis.ask("CONFIG SET notify-keyspace-events ").catch(() => {});
    }, switchOffEveryMs);
    try {
      await world.auth.logIn(ended);
      await Promise.all(ended.map((user) => sign(world, "connect", user)));
      await sleep(timing.heartbeatMs);
      await world.fade();
      await world.auth.logOut(ended);
      await sleep(timing.heartbeatMs);
      const codes = await Promise.all(ended.map((user) => sign(world, "heartbeat", user)));
      const refused = codes.filter((code) => code === status.FAILED_PRECONDITION).length;
      await world.fade();
      await sleep(timing.leaseMs);
      const lies = await world.verdict();
      const offline = new Set(
        world.recorder.entries.flatMap((entry) => (entry.kind === "rest" && entry.status === "OFFLINE" ? [entry.user] : [])),
      );
      const lags = lagsOf(
        world.recorder.entries,
        world.fading.map(({ user }) => user),
      );
      const broken: Lie[] = ended
        .filter((user, index) => codes[index] !== status.FAILED_PRECONDITION || !offline.has(user))
        .map((user) => ({ promise: "truthful", what: `${user} is not OFFLINE, and his session has ended` }));
      return {
        lies: [...lies, ...broken],
        figures: `${refused} of ${ended.length} ended sessions noticed at the next sign of life; the silent told at most ${milliseconds(percentile(lags, 1))} after the deadline`,
      };
    } finally {
      clearInterval(off);
      await world.close();
    }
  },
};

/** Resolves to the gRPC status of the answer. */
function sign({ channels }: World, rpc: "connect" | "heartbeat", userId: string): Promise<number> {
  return new Promise((resolve) => {
    channels[0]?.[rpc]({ userId, deviceId: "phone", idleFor: undefined }, (error: { readonly code: number } | null) =>
      resolve(error?.code ?? status.OK),
    );
  });
}
