import { setTimeout as sleep } from "node:timers/promises";
import { openChannel } from "../channel.ts";
import { percentile, seconds } from "../figures.ts";
import { StormClient } from "../storm-client.ts";
import { World } from "../world.ts";
import type { Row } from "./row.ts";

const clients = 2_000;
const fewestClients = 500;
const clientsPerConnection = 4;
const friends = 10;

/** Everyone loses the server at the same instant, and comes back as soon as there is one. */
export const reconnectStorm: Row = {
  name: "reconnect-storm",
  fault: `the server killed and at once started again under ${clients.toLocaleString("en")} clients, each a stream with its device and ${friends} friends, on ${clients / clientsPerConnection} connections`,
  target: "false OFFLINE 0, missed 0; all snapshots ≤ 5 s after the server listens",
  heavy: true,
  async play(timing) {
    const users = Array.from({ length: Math.max(fewestClients, clients / timing.crowdDivisor) }, (_, index) => `storm-${index}`);
    const world = await World.start({ timing, servers: 1, living: 0, fading: 0, watchers: 1, watched: users });
    const [server] = world.servers;
    if (server === undefined) throw new Error("the world has no server");
    const channels = Array.from({ length: users.length / clientsPerConnection }, () => openChannel(server.address));
    const apps = users.flatMap((user, index) => {
      const channel = channels[index % channels.length];
      return channel === undefined ? [] : [new StormClient({ user, friends: friendsOf(users, index), channel, recorder: world.recorder })];
    });
    const beats = setInterval(() => {
      for (const app of apps) app.beat();
    }, timing.heartbeatMs);
    try {
      // A hundred at a time: the storm is to come later.
      for (let first = 0; first < users.length; first += 100) {
        const some = apps.slice(first, first + 100);
        for (const app of some) app.open();
        await world.until("they see their friends", () => some.every((app) => isBack(app, 0)), 30_000);
      }
      await sleep(timing.heartbeatMs);
      const killedAt = performance.now();
      await server.kill();
      await server.start();
      const listensAt = performance.now();
      await world.until("everyone is back", () => apps.every((app) => isBack(app, killedAt)), 60_000);
      // Longer than all leases from before: only those who came back are still there.
      await sleep(1.2 * timing.leaseMs);
      const lies = await world.verdict();
      const online = world.shown("ONLINE");
      const snapshots = apps.map(({ snapshotAt }) => snapshotAt - listensAt);
      return {
        lies:
          online === users.length ? lies : [...lies, { promise: "truthful", what: `${online} of ${users.length} are ONLINE at the end` }],
        figures: `${users.length} clients on ${channels.length} connections; ${seconds(listensAt - killedAt)} away; snapshots p50 ${seconds(percentile(snapshots, 0.5))}, last ${seconds(percentile(snapshots, 1))}; devices back ${seconds(Math.max(...apps.map(({ connectedAt }) => connectedAt)) - listensAt)}`,
      };
    } finally {
      clearInterval(beats);
      for (const app of apps) app.close();
      for (const channel of channels) channel.close();
      await world.close();
    }
  },
};

function isBack({ snapshotAt, connectedAt }: StormClient, since: number): boolean {
  return snapshotAt > since && connectedAt > since;
}

function friendsOf(users: readonly string[], index: number): readonly string[] {
  return Array.from({ length: friends }, (_, offset) => users[(index + 1 + offset * 7) % users.length] ?? "");
}
