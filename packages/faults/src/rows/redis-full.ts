import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { CallLoad } from "../call-load.ts";
import { milliseconds, seconds } from "../figures.ts";
import type { Lie } from "../lie.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const callsPerSecond = 100;
const clear: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]);

/** Redis takes no writes for longer than a lease, and then does again. */
export const redisFull: Row = {
  name: "redis-full",
  fault: "Redis out of memory (maxmemory, noeviction) for longer than a lease",
  target: "writes get a clear error, nothing half written, lost 0",
  async play(timing) {
    const world = await World.start({ timing, servers: 1, sessions: true });
    const users = world.living.map(({ user }) => user);
    const load = new CallLoad({ users, channels: world.channels, recorder: world.recorder });
    try {
      load.start(callsPerSecond);
      await sleep(timing.heartbeatMs);
      await world.fade();
      await world.redis.ask("CONFIG SET maxmemory 1");
      const fullAt = performance.now();
      await sleep(timing.leaseMs * 0.6);
      await world.fade();
      await sleep(timing.leaseMs * 0.6);
      const overAt = performance.now();
      await world.redis.ask("CONFIG SET maxmemory 0");
      await world.until("an answer after it", () => load.answeredSince(overAt).length > 0, timing.heartbeatMs * 1.1 + 10_000);
      await sleep(timing.heartbeatMs);
      await load.stop();
      const recoveredMs = Math.min(...load.answeredSince(overAt).map(({ sentAt, tookMs }) => sentAt + tookMs)) - overAt;
      const refused = load.refused(fullAt, overAt);
      const unclear = refused.filter(({ code }) => !clear.has(code));
      const broken: Lie[] = unclear.map(({ code, details }) => ({ promise: "reliable", what: `refused with ${status[code]}: ${details}` }));
      const lies = await world.verdict();
      broken.push(...(await halfWritten(world, users)));
      const named = refused.filter(({ details }) => details.includes("memory")).length;
      return {
        lies: [...lies, ...broken],
        figures: `full for ${seconds(overAt - fullAt)}; ${refused.length} calls refused, ${named} of them say that memory is out; first answer ${milliseconds(recoveredMs)} after; ${world.summary()}`,
      };
    } finally {
      await load.stop();
      await world.close();
    }
  },
};

/** Sessions whose status is not the one that the record shows: one was written without the other. */
async function halfWritten({ auth, recorder }: World, users: readonly string[]): Promise<readonly Lie[]> {
  const shown = new Map(recorder.entries.flatMap((entry) => (entry.kind === "rest" ? [[entry.user, entry.status] as const] : [])));
  const fields = await auth.statusFields(users);
  return users.flatMap((user, index): Lie[] => {
    if (fields[index] === shown.get(user)) return [];
    return [{ promise: "unique", what: `the session of ${user} says ${fields[index]}, his record ${shown.get(user)}` }];
  });
}
