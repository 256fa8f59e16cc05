import { attachedRestart } from "./attached-restart.ts";
import { clockOff } from "./clock-off.ts";
import { hostilePeer } from "./hostile-peer.ts";
import { massExpiry } from "./mass-expiry.ts";
import { notificationsOff } from "./notifications-off.ts";
import { outages } from "./outages.ts";
import { reconnectStorm } from "./reconnect-storm.ts";
import { redisFull } from "./redis-full.ts";
import { redisStalls } from "./redis-stalls.ts";
import { rollingRestart } from "./rolling-restart.ts";
import type { Row } from "./row.ts";
import { scriptFlush } from "./script-flush.ts";
import { sessionRaces } from "./session-races.ts";
import { silentClients } from "./silent-clients.ts";
import { slowWatcher } from "./slow-watcher.ts";
import { subscriberCut } from "./subscriber-cut.ts";
import { topologies } from "./topologies.ts";
import { writeRetried } from "./write-retried.ts";
import { zombieSubscriptions } from "./zombie-subscription.ts";

/** Every fault that can be played, in the order of the table. */
export const rows: readonly Row[] = [
  silentClients,
  massExpiry,
  ...outages,
  ...topologies,
  attachedRestart,
  rollingRestart,
  reconnectStorm,
  ...redisStalls,
  subscriberCut,
  ...zombieSubscriptions,
  slowWatcher,
  clockOff,
  sessionRaces,
  redisFull,
  scriptFlush,
  notificationsOff,
  writeRetried,
  hostilePeer,
];
